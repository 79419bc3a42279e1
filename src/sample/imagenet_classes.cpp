#include "sample/imagenet_classes.h"

#include <algorithm>
#include <map>

#include "sample/label_names.h"

namespace pixnerd::sample {
namespace {

// The part before the first `end` of `rest`, which loses both.
std::string_view take_until(std::string_view& rest, std::string_view end) {
  const size_t place = std::min(rest.find(end), rest.size());
  const std::string_view part = rest.substr(0, place);
  rest.remove_prefix(std::min(place + end.size(), rest.size()));
  return part;
}

std::vector<ImagenetClass> read_table() {
  std::vector<ImagenetClass> classes;
  for (std::string_view rest = embedded_imagenet(); !rest.empty();) {
    std::string_view line = take_until(rest, "\n");
    take_until(line, "\t");  // the number is the line's
    const std::string_view id = take_until(line, "\t"), name = take_until(line, "\t");
    classes.push_back({id, name, line});
  }
  return classes;
}

// Names and ids first, then the words that no other class has.
std::map<std::string, int64_t> index_of_names() {
  constexpr int64_t kSeveral = -1;
  const auto classes = imagenet_classes();
  std::map<std::string, int64_t> index, words;
  for (size_t i = 0; i < classes.size(); ++i) {
    const auto label = static_cast<int64_t>(i);
    index.emplace(classes[i].id, label);
    index.emplace(lower_case(classes[i].name), label);
    for (std::string_view rest = classes[i].words; !rest.empty();) {
      const auto [word, is_new] = words.emplace(lower_case(take_until(rest, ", ")), label);
      if (!is_new && word->second != label) word->second = kSeveral;
    }
  }
  std::erase_if(words, [](const auto& each) { return each.second == kSeveral; });
  index.merge(words);
  return index;
}

}  // namespace

std::span<const ImagenetClass> imagenet_classes() {
  static const std::vector<ImagenetClass> classes = read_table();
  return classes;
}

std::vector<std::string> imagenet_names() {
  std::vector<std::string> names;
  for (const ImagenetClass& each : imagenet_classes()) names.emplace_back(each.name);
  return names;
}

std::optional<int64_t> imagenet_label(std::string_view text) {
  static const std::map<std::string, int64_t> index = index_of_names();
  const auto found = index.find(lower_case(text));
  return found == index.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace pixnerd::sample
