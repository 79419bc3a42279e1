// Cuts a normalised text into the words that byte-pair encoding sees one at a time.
#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "text/pattern.h"
#include "text/tokenizer_file.h"

namespace pixnerd::text {

class PreTokenizer {
 public:
  // `source` is for messages. Throws DataError for a pattern that is not supported.
  PreTokenizer(const TokenizerFile& file, const std::string& source);

  // Calls visit(word) from left to right; no word is empty, and one lasts until visit returns. Throws DataError where a
  // pattern gives up (pattern.h).
  using Visit = std::function<void(std::string_view word)>;
  void for_each_word(std::string_view text, const Visit& visit) const;

 private:
  struct Split {
    Pattern pattern;
    SplitBehavior behavior;
    bool invert;
  };

  void cut(std::string_view text, size_t step, const Visit& visit) const;
  void cut_at_prefix(std::string_view text, size_t step, const Visit& visit) const;

  std::vector<Split> splits_;
  size_t prefix_step_;  // before which split a space is put in front
  bool add_prefix_space_;
};

}  // namespace pixnerd::text
