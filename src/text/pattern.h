// The regular expressions of tokenizer.json, run by the engine that they are written for: Oniguruma, in its own syntax
// without callouts and absence operators.
//
// The library knows the characters of Unicode 14. \p{L} and \p{N} also have the letters and numbers of Unicode 15 and
// 16, as in the version that Hugging Face's `tokenizers` is built with; any other construct (\w, \p{Lu}) does not.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace pixnerd::text {

// Immutable: any number of threads may use one at once.
class Pattern {
 public:
  // `where` begins messages. Throws DataError for what is no regular expression.
  static Pattern expression(std::string_view oniguruma, const std::string& where);
  static Pattern literal(std::string_view text, const std::string& where);

  // Calls visit(begin, end) for each match in well-formed UTF-8, from left to right, not overlapping; an empty match
  // right behind another is passed over. Throws DataError where the engine gives up: a match that takes more steps
  // than some for each byte of the text, or more memory than a run of four million characters.
  void for_each_match(std::string_view text, const std::function<void(size_t begin, size_t end)>& visit) const;

 private:
  Pattern(std::string_view pattern, const void* syntax, const std::string& where);

  std::shared_ptr<void> code_;
  std::string where_;
};

}  // namespace pixnerd::text
