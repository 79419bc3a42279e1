// A Hugging Face tokenizer.json of the byte-level BPE kind, checked. What the file holds besides, as far as it changes
// no id (decoder; padding and truncation, which the caller decides), is passed over.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pixnerd::text {

// What becomes of the parts of a text that a pattern matches, and of what lies between them.
enum class SplitBehavior { removed, isolated, merged_with_previous, merged_with_next, contiguous };

struct SplitStep {
  std::string pattern;
  bool is_expression = true;  // else a literal text
  SplitBehavior behavior = SplitBehavior::isolated;
  bool invert = false;  // the parts between the matches take their place
};

struct AddedToken {
  std::string content;
  int32_t id = 0;
  bool single_word = false;  // not inside of a longer word
  bool lstrip = false;       // takes the white space on its left
  bool rstrip = false;
  bool normalized = true;  // looked for in the normalised text
};

struct Token {
  int32_t id;
  std::string bytes;
  bool is_spelt;  // in the byte-level alphabet; else merges do not lead to it, and bytes is what the file has
};

// Two neighbours become one token.
struct MergeRule {
  int32_t left, right, whole;
};

struct TokenizerFile {
  std::vector<Token> vocabulary;  // no id twice; a token of one byte for each of the 256
  std::vector<MergeRule> merges;  // first come, first merged
  bool ignore_merges = false;     // a word that is a token is that token
  bool nfc = false;
  std::vector<SplitStep> splits;
  bool add_prefix_space = false;  // each part that the splits leave begins with a space
  bool splits_as_gpt2 = false;    // a last split, into GPT-2's words
  std::vector<AddedToken> added_tokens;
};

inline constexpr int32_t kMaxTokenId = 2'000'000;
inline constexpr size_t kMaxTokenizerBytes = size_t{256} << 20;

// Throws DataError "tokenizer 'source': model.dropout ..." that names the field which is missing, malformed or of a
// kind that is not supported.
TokenizerFile parse_tokenizer(std::string_view json, const std::string& source);

}  // namespace pixnerd::text
