#include "sample/label_names.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <numeric>
#include <optional>
#include <sstream>

#include "core/errors.h"
#include "core/log.h"
#include "core/text.h"
#include "sample/imagenet_classes.h"

namespace pixnerd::sample {
namespace {

constexpr size_t kShownNames = 5;

std::optional<int64_t> whole_number(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return !text.empty() && error == std::errc{} && end == text.data() + text.size() ? std::optional(value)
                                                                                   : std::nullopt;
}

struct Range {
  int64_t first = 0, last = 0;
};

std::optional<Range> range_in(std::string_view text) {
  const size_t dash = text.find('-', 1);
  if (dash == std::string_view::npos) return std::nullopt;
  const auto first = whole_number(text.substr(0, dash)), last = whole_number(text.substr(dash + 1));
  return first && last ? std::optional(Range{*first, *last}) : std::nullopt;
}

// Labels whose names fit, by a name in small letters.
template <class Fits>
std::vector<int64_t> labels_that(const std::vector<std::string>& names, const Fits& fits) {
  std::vector<int64_t> labels;
  for (size_t i = 0; i < names.size(); ++i) {
    if (fits(lower_case(names[i]))) labels.push_back(static_cast<int64_t>(i));
  }
  return labels;
}

std::string listed(const std::vector<int64_t>& labels, const std::vector<std::string>& names) {
  std::vector<std::string> shown;
  for (size_t i = 0; i < std::min(labels.size(), kShownNames); ++i) {
    shown.push_back(concat(printable(names[static_cast<size_t>(labels[i])]), " (", labels[i], ")"));
  }
  const size_t more = labels.size() - shown.size();
  return concat(join(shown, ", "), more > 0 ? concat(" and ", more, " more") : "");
}

// Whether each word of `wanted` is a part of the name, both in small letters.
int64_t words_in(const std::string& wanted, const std::string& name, int64_t& all) {
  int64_t found = 0;
  all = 0;
  std::istringstream words(wanted);
  for (std::string word; words >> word; ++all) {
    if (name.find(word) != std::string::npos) ++found;
  }
  return found;
}

bool has_all_words(const std::string& wanted, const std::string& name) {
  int64_t all = 0;
  return words_in(wanted, name, all) == all && all > 0;
}

// The place of a class of ImageNet among names that may be its ids, its short names or its words.
std::optional<int64_t> place_of(int64_t imagenet, const std::vector<std::string>& names) {
  for (size_t i = 0; i < names.size(); ++i) {
    if (imagenet_label(names[i]) == imagenet) return static_cast<int64_t>(i);
  }
  return std::nullopt;
}

}  // namespace

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& each : lower) {
    if (each >= 'A' && each <= 'Z') each = static_cast<char>(each - 'A' + 'a');
  }
  return lower;
}

std::vector<std::string> class_names(const ModelDescription& description) {
  const bool may_be_imagenet = description.classes.empty() && !description.model.takes_text() &&
                               description.model.num_classes == std::ssize(imagenet_classes());
  return may_be_imagenet ? imagenet_names() : description.classes;
}

int64_t label_named(const std::string& text, const std::vector<std::string>& names, const char* kind) {
  const auto exact = std::find(names.begin(), names.end(), text);
  if (exact != names.end()) return exact - names.begin();
  const std::string wanted = lower_case(text);
  const auto same = labels_that(names, [&](const std::string& name) { return name == wanted; });
  if (same.size() == 1) return same.front();
  if (const auto imagenet = imagenet_label(text)) {
    if (const auto place = place_of(*imagenet, names)) return *place;
  }
  auto holding = labels_that(names, [&](const std::string& name) { return name.find(wanted) != name.npos; });
  if (holding.empty()) holding = labels_that(names, [&](const auto& name) { return has_all_words(wanted, name); });
  if (holding.size() == 1 && !wanted.empty()) {
    log_info(concat(quoted(text), " is taken for the ", kind, " ", listed(holding, names)));
    return holding.front();
  }
  const std::string nobody = concat("there is no ", kind, " ", quoted(text));
  if (holding.size() > 1 && !wanted.empty())
    throw RequestError(concat(nobody, " alone; it is in ", listed(holding, names)));
  const std::string meant = nearest(text, names);
  throw RequestError(concat(
      nobody, meant.empty() ? "; `pixnerd info --classes` lists them" : concat("; did you mean '", meant, "'?")));
}

std::vector<std::string> names_like(const std::string& text, const std::vector<std::string>& names, size_t most) {
  const std::string wanted = lower_case(text);
  std::vector<std::pair<double, size_t>> ranked;  // the lower the likelier
  for (size_t i = 0; i < names.size(); ++i) {
    int64_t words = 0;
    const int64_t found = words_in(wanted, lower_case(names[i]), words);
    if (found == 0) continue;
    ranked.emplace_back(-static_cast<double>(found) / static_cast<double>(words) + 1e-3 * std::ssize(names[i]), i);
  }
  std::stable_sort(ranked.begin(), ranked.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<std::string> like;
  if (const std::string meant = nearest(text, names); !meant.empty()) like.push_back(meant);
  for (const auto& [rank, i] : ranked) {
    if (like.size() < most && std::find(like.begin(), like.end(), names[i]) == like.end()) like.push_back(names[i]);
  }
  return like;
}

bool numbers_labels(const std::string& text) {
  return text == "all" || whole_number(text) || range_in(text);
}

std::vector<int64_t> labels_numbered(const std::string& text, int64_t count, const char* kind) {
  if (const auto number = whole_number(text)) return {*number};
  const Range range = text == "all" ? Range{0, count - 1} : range_in(text).value();
  if (range.first < 0 || range.last >= count) {
    throw RequestError(concat("there is no ", kind, " ", range.first < 0 ? range.first : range.last,
                              "; the network has those from 0 to ", count - 1));
  }
  if (range.first > range.last) throw RequestError(concat("the range ", printable(text), " runs backwards"));
  std::vector<int64_t> labels(static_cast<size_t>(range.last - range.first + 1));
  std::iota(labels.begin(), labels.end(), range.first);
  return labels;
}

std::string described_label(int64_t label, int64_t count, const std::vector<std::string>& names, const char* kind) {
  if (label == count) return concat("no ", kind);
  return names.empty() ? concat(kind, " ", label) : concat(names[static_cast<size_t>(label)], " (", label, ")");
}

std::vector<int64_t> namesakes(const std::vector<std::string>& names, const std::vector<std::string>& others) {
  std::map<std::string_view, int64_t> by_name;
  std::map<int64_t, int64_t> by_imagenet;
  for (size_t i = 0; i < others.size(); ++i) {
    by_name.emplace(others[i], static_cast<int64_t>(i));
    if (const auto label = imagenet_label(others[i])) by_imagenet.emplace(*label, static_cast<int64_t>(i));
  }
  std::vector<int64_t> places;
  for (const std::string& name : names) {
    const auto found = by_name.find(name);
    const auto label = imagenet_label(name);
    const auto same = label ? by_imagenet.find(*label) : by_imagenet.end();
    places.push_back(found != by_name.end() ? found->second : same != by_imagenet.end() ? same->second : -1);
  }
  return places;
}

std::vector<image::Label> captions_of(const std::vector<PictureRequest>& pictures,
                                      const ModelDescription& description) {
  const models::ModelConfig& model = description.model;
  const std::vector<std::string> names = class_names(description);
  std::vector<image::Label> captions;
  for (const PictureRequest& picture : pictures) {
    image::Label& caption = captions.emplace_back();
    caption.name =
        picture.prompt ? *picture.prompt : described_label(*picture.label, model.num_classes, names, "class");
    if (picture.mixture) {
      const Mixture& other = *picture.mixture;
      const std::string name =
          other.prompt ? *other.prompt : described_label(*other.label, model.num_classes, names, "class");
      caption.note = concat(std::lround(100 * other.share), " % ", name);
      continue;
    }
    if (!picture.style) continue;
    const bool is_named = *picture.style < std::ssize(description.styles);
    caption.note = is_named ? description.styles[static_cast<size_t>(*picture.style)]
                            : described_label(*picture.style, model.num_styles, {}, "style");
  }
  return captions;
}

}  // namespace pixnerd::sample
