// The regular expressions of tokenizer.json. They are written for Oniguruma in its Ruby syntax; PCRE2 runs them, after
// each construct has been checked to mean the same there or has been written out.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace pixnerd::text {

class Pattern {
 public:
  // `where` begins messages. Throws DataError for what is not well-formed, and for a construct that the two engines
  // read differently or that tokenizers have no use for, which it names.
  static Pattern expression(std::string_view oniguruma, const std::string& where);
  static Pattern literal(std::string_view text, const std::string& where);

  // Calls visit(begin, end) for each match in well-formed UTF-8, from left to right, not overlapping; an empty match
  // right behind another is passed over. Throws DataError where the engine gives up: a pattern that takes more than a
  // bounded number of steps for one match.
  void for_each_match(std::string_view text, const std::function<void(size_t begin, size_t end)>& visit) const;

 private:
  Pattern(std::string_view pcre2, uint32_t options, const std::string& where);

  std::shared_ptr<const void> code_;
  std::string where_;
};

// The expression as PCRE2 reads it.
std::string translate(std::string_view oniguruma, const std::string& where);

}  // namespace pixnerd::text
