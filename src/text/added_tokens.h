// Tokens that are looked for in the text itself, before it is split into words: "<|endoftext|>".
#pragma once

#include <array>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "text/tokenizer_file.h"

namespace pixnerd::text {

class AddedTokens {
 public:
  explicit AddedTokens(std::vector<AddedToken> tokens);

  // Calls on_text(part) for what lies between the tokens, where that is not empty, and on_token(id) for each token,
  // from left to right; of tokens that begin at one place the longest is taken. Well-formed UTF-8.
  void split(std::string_view text, const std::function<void(std::string_view part)>& on_text,
             const std::function<void(int32_t id)>& on_token) const;

 private:
  const AddedToken* longest_at(std::string_view rest) const;

  std::vector<AddedToken> tokens_;  // by content
  std::array<bool, 256> begins_{};  // whether a token begins with this byte
};

}  // namespace pixnerd::text
