#include "data/numbered_classes.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "core/text.h"

namespace pixnerd::data {
namespace {

std::optional<size_t> number_in(const std::string& name) {
  size_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  const bool is_whole = error == std::errc{} && end == name.data() + name.size() && !name.empty();
  return is_whole ? std::optional(number) : std::nullopt;
}

}  // namespace

std::string word_on_numbers(const std::vector<std::string>& classes) {
  const auto is_number = [](const std::string& name) { return number_in(name).has_value(); };
  if (!std::all_of(classes.begin(), classes.end(), is_number)) return "";
  for (size_t label = 0; label < classes.size(); ++label) {
    if (number_in(classes[label]) == label) continue;
    return concat("the classes' names are numbers, but not their labels, which go by the order of the names as text: '",
                  printable(classes[label]), "' has label ", label,
                  "; ask for it by name (--class), or name the folders 00, 01, 02 and so on");
  }
  return "";
}

}  // namespace pixnerd::data
