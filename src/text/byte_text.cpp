#include "text/byte_text.h"

#include "core/utf8.h"
#include "text/unicode.h"

namespace pixnerd::text {
namespace {

std::string_view without_space(std::string_view text) {
  while (!text.empty() && is_space(first_character(text).value)) text.remove_prefix(first_character(text).bytes);
  while (!text.empty() && is_space(last_character(text).value)) text.remove_suffix(last_character(text).bytes);
  return text;
}

}  // namespace

std::string folded(std::string_view text) {
  const std::string form = nfkc_casefold(repaired(text));
  return std::string(without_space(form));
}

ByteText byte_text(std::string_view text, size_t most) {
  const std::string whole = folded(text);
  if (whole.size() <= most) return {whole, ""};
  const size_t end = utf8_start(whole, most);
  return {whole.substr(0, end), whole.substr(end)};
}

}  // namespace pixnerd::text
