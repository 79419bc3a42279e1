#include "text/added_tokens.h"

#include <algorithm>

#include "text/unicode.h"

namespace pixnerd::text {
namespace {

// Whether the token stands between other characters than those of words.
bool is_single_word(std::string_view text, size_t begin, size_t end) {
  const bool joins_left = begin > 0 && is_word(last_character(text.substr(0, begin)).value);
  const bool joins_right = end < text.size() && is_word(first_character(text.substr(end)).value);
  return !joins_left && !joins_right;
}

size_t begin_of_space_before(std::string_view text, size_t end) {
  while (end > 0) {
    const Character last = last_character(text.substr(0, end));
    if (!is_space(last.value)) break;
    end -= last.bytes;
  }
  return end;
}

size_t end_of_space_after(std::string_view text, size_t begin) {
  while (begin < text.size()) {
    const Character first = first_character(text.substr(begin));
    if (!is_space(first.value)) break;
    begin += first.bytes;
  }
  return begin;
}

}  // namespace

AddedTokens::AddedTokens(std::vector<AddedToken> tokens) : tokens_(std::move(tokens)) {
  std::sort(tokens_.begin(), tokens_.end(),
            [](const AddedToken& a, const AddedToken& b) { return a.content < b.content; });
  for (const AddedToken& token : tokens_) begins_[static_cast<unsigned char>(token.content[0])] = true;
}

// Narrows the sorted tokens to those that agree with `rest` so far, a byte at a time.
const AddedToken* AddedTokens::longest_at(std::string_view rest) const {
  const AddedToken* longest = nullptr;
  auto begin = tokens_.begin(), end = tokens_.end();
  for (size_t i = 0; begin != end; ++i) {
    if (begin->content.size() == i) longest = &*begin++;
    if (i == rest.size()) break;
    const auto byte = static_cast<unsigned char>(rest[i]);
    const auto at = [i](const AddedToken& token) { return static_cast<unsigned char>(token.content[i]); };
    begin = std::partition_point(begin, end, [&](const AddedToken& token) { return at(token) < byte; });
    end = std::partition_point(begin, end, [&](const AddedToken& token) { return at(token) == byte; });
  }
  return longest;
}

void AddedTokens::split(std::string_view text, const std::function<void(std::string_view)>& on_text,
                        const std::function<void(int32_t)>& on_token) const {
  size_t done = 0;
  for (size_t i = 0; i < text.size();) {
    const AddedToken* token = begins_[static_cast<unsigned char>(text[i])] ? longest_at(text.substr(i)) : nullptr;
    if (token == nullptr) {
      ++i;
      continue;
    }
    size_t begin = i, end = i + token->content.size();
    i = end;
    if (token->single_word && !is_single_word(text, begin, end)) continue;
    if (token->lstrip) begin = std::max(begin_of_space_before(text, begin), done);
    if (token->rstrip) end = end_of_space_after(text, end);
    if (done < begin) on_text(text.substr(done, begin - done));
    on_token(token->id);
    done = end;
  }
  if (done < text.size()) on_text(text.substr(done));
}

}  // namespace pixnerd::text
