#include "cli/inspect_report.h"

#include <algorithm>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "cli/words.h"
#include "config/json.h"
#include "core/text.h"
#include "text/unicode.h"

namespace pixnerd::cli {
namespace {

constexpr size_t kNamesShown = 8;

std::string counted(int64_t number, const char* one, const char* more) {
  return concat(number, " ", number == 1 ? one : more);
}

// "cat, dog, fox and 7 more".
std::string first_of(const std::vector<std::string>& names) {
  std::string text;
  for (size_t i = 0; i < std::min(names.size(), kNamesShown); ++i) {
    text += concat(i == 0 ? "" : ", ", printable(names[i]));
  }
  return names.size() <= kNamesShown ? text : concat(text, " and ", names.size() - kNamesShown, " more");
}

// "'cat'", or "label 3" where labels have no names.
std::string label_name(const data::PictureSet& set, size_t label) {
  return set.classes().empty() ? concat("label ", label) : quoted(set.classes()[label]);
}

void print_row(const char* title, const std::string& text) {
  std::cout << "  " << title << std::string(12 - std::string(title).size(), ' ') << text << '\n';
}

void print_classes(const data::PictureSet& set, const data::Inspection& all) {
  const std::string names = set.classes().empty() ? "" : concat(": ", first_of(set.classes()));
  print_row("classes", concat(all.classes.size(), names));
  if (!all.classes.empty()) {
    const auto smallest = std::min_element(all.classes.begin(), all.classes.end());
    const auto largest = std::max_element(all.classes.begin(), all.classes.end());
    const auto extreme = [&](auto place) {
      return concat(label_name(set, static_cast<size_t>(place - all.classes.begin())), " (", *place, ")");
    };
    print_row("", *smallest == *largest ? concat(counted(*smallest, "picture", "pictures"), " each")
                                        : concat("smallest ", extreme(smallest), ", largest ", extreme(largest)));
  }
  const auto without = std::count(all.classes.begin(), all.classes.end(), 0);
  if (without > 0) print_row("", concat(counted(without, "class has", "classes have"), " no picture"));
  if (all.nested > 0) {
    print_row("", concat(counted(all.nested, "picture", "pictures"), " in folders of class folders, such as ",
                         quoted(all.first_nested)));
  }
  if (all.unlabelled > 0) print_row("", concat(counted(all.unlabelled, "picture", "pictures"), " without a class"));
}

void print_styles(const data::PictureSet& set, const data::Inspection& all) {
  print_row("styles", concat(all.styles.size(), all.styles.empty() ? "" : ": ", first_of(set.styles())));
  if (all.unstyled > 0) print_row("", concat(counted(all.unstyled, "picture", "pictures"), " without a style"));
}

void print_captions(const data::Inspection& all) {
  if (all.captions.empty()) return print_row("captions", "none");
  const auto has = [](int64_t count) { return counted(count, "picture has", "pictures have"); };
  int64_t total = 0;
  std::string languages;
  for (const auto& [language, count] : all.captions) {
    total += count;
    languages +=
        concat(languages.empty() ? "" : ", ", language.empty() ? "no language" : printable(language), " ", count);
  }
  print_row("captions", concat(total, ": ", languages));
  if (all.uncaptioned > 0) print_row("", concat(has(all.uncaptioned), " none, which is the null condition"));
}

// By their pixels: the smallest, the one in the middle of all pictures, and the largest.
void print_sizes(const data::Inspection& all) {
  std::vector<std::pair<std::pair<int, int>, int64_t>> sizes(all.sizes.begin(), all.sizes.end());
  const auto pixels = [](const auto& entry) { return int64_t{entry.first.first} * entry.first.second; };
  std::stable_sort(sizes.begin(), sizes.end(), [&](const auto& a, const auto& b) { return pixels(a) < pixels(b); });
  const auto text = [](const auto& entry) { return concat(entry.first.first, " x ", entry.first.second); };
  if (sizes.size() == 1) return print_row("sizes", concat("all ", text(sizes[0])));

  int64_t readable = 0, before = 0;
  for (const auto& entry : sizes) readable += entry.second;
  size_t median = 0;
  for (before = sizes[0].second; before <= (readable - 1) / 2; before += sizes[median].second) ++median;
  print_row("sizes", concat(sizes.size(), ", from ", text(sizes.front()), " to ", text(sizes.back()), ", median ",
                            text(sizes[median])));
}

void print_broken(const data::PictureSet& set, const data::Inspection& all) {
  print_row("broken", concat(all.broken.size()));
  for (const auto& [name, reason] : all.broken) {
    std::cout << "    " << printable(name) << ": " << printable(reason, 1000) << '\n';
  }
  if (set.broken_at_opening() == 0) return;
  print_row("left out", concat(set.broken_at_opening(), " when the set was opened; the warnings say why"));
}

// A row for each line, the title before the first.
void print_lines(const char* title, const std::vector<std::string>& lines) {
  for (size_t i = 0; i < lines.size(); ++i) print_row(i == 0 ? title : "", lines[i]);
}

using config::Value;

Value number(int64_t value) {
  return config::plain_value(concat(value));
}

template <class Items, class ValueOf>
Value list_of(const Items& items, const ValueOf& value_of) {
  Value list;
  list.kind = Value::Kind::list;
  for (const auto& item : items) list.items.push_back(value_of(item));
  return list;
}

// Each label with its number, its name where it has one, and how many pictures show it.
Value counts_of(const std::vector<int64_t>& counts, const std::vector<std::string>& names) {
  size_t label = 0;
  return list_of(counts, [&](int64_t pictures) {
    Value row = config::map_value({{"number", number(static_cast<int64_t>(label))}});
    if (label < names.size()) row.fields.emplace_back("name", words(names[label]));
    row.fields.emplace_back("pictures", number(pictures));
    ++label;
    return row;
  });
}

Value size_value(const std::pair<const std::pair<int, int>, int64_t>& size) {
  return config::map_value(
      {{"width", number(size.first.first)}, {"height", number(size.first.second)}, {"pictures", number(size.second)}});
}

Value broken_value(const data::Inspection::Broken& broken) {
  return config::map_value({{"name", words(broken.name)}, {"reason", words(broken.reason)}});
}

}  // namespace

void print_inspection(const data::PictureSet& set, const data::Inspection& all, const data::DataConfig& config) {
  std::cout << printable(config.path) << ": " << counted(all.pictures, "picture", "pictures") << ", "
            << human_bytes(all.bytes) << '\n';
  print_classes(set, all);
  if (config.styles) print_styles(set, all);
  print_captions(all);
  print_sizes(all);
  print_lines("treated", all.treatment.lines(data::reading_of(config)));
  print_broken(set, all);
  print_lines("not used", set.unused().lines());
  std::cout << std::flush;
}

void print_json(const data::PictureSet& set, const data::Inspection& all, const data::DataConfig& config) {
  Value captions = config::map_value({});
  for (const auto& [language, count] : all.captions) {
    captions.fields.emplace_back(text::repaired(language), number(count));
  }
  const Value result = config::map_value({{"path", words(config.path)},
                                          {"pictures", number(all.pictures)},
                                          {"bytes", config::plain_value(concat(all.bytes))},
                                          {"classes", counts_of(all.classes, set.classes())},
                                          {"unlabelled", number(all.unlabelled)},
                                          {"nested", number(all.nested)},
                                          {"styles", counts_of(all.styles, set.styles())},
                                          {"unstyled", number(all.unstyled)},
                                          {"captions", captions},
                                          {"uncaptioned", number(all.uncaptioned)},
                                          {"sizes", list_of(all.sizes, size_value)},
                                          {"treated", list_of(all.treatment.lines(data::reading_of(config)), words)},
                                          {"broken", list_of(all.broken, broken_value)},
                                          {"broken_at_opening", number(set.broken_at_opening())},
                                          {"not_used", list_of(set.unused().lines(), words)}});
  std::cout << config::to_json(result) << std::endl;
}

}  // namespace pixnerd::cli
