#include "text/tokenizer.h"

#include <algorithm>
#include <map>
#include <utility>

#include "core/errors.h"
#include "core/file.h"
#include "core/hash.h"
#include "core/text.h"
#include "core/utf8.h"
#include "text/added_tokens.h"
#include "text/byte_pairs.h"
#include "text/pre_tokenizer.h"
#include "text/tokenizer_file.h"
#include "text/unicode.h"

namespace pixnerd::text {
namespace {

constexpr size_t kMaxTextBytes = size_t{1} << 30;

// The added tokens that are looked for in the text as it is, or in the normalised text, as it then is.
AddedTokens added_tokens(const TokenizerFile& file, bool normalized) {
  std::vector<AddedToken> chosen;
  for (const AddedToken& token : file.added_tokens) {
    if (token.normalized != normalized) continue;
    chosen.push_back(token);
    if (normalized && file.nfc) chosen.back().content = nfc(token.content);
  }
  return AddedTokens(std::move(chosen));
}

}  // namespace

struct Tokenizer::Parts {
  Parts(const TokenizerFile& file, const std::string& source)
      : is_nfc(file.nfc),
        as_they_are(added_tokens(file, /*normalized=*/false)),
        normalised(added_tokens(file, /*normalized=*/true)),
        pre_tokenizer(file, source),
        pairs(file) {
    for (const AddedToken& token : file.added_tokens) added.emplace(token.id, token.content);
  }

  bool is_nfc;
  AddedTokens as_they_are, normalised;
  PreTokenizer pre_tokenizer;
  BytePairs pairs;
  std::map<int32_t, std::string> added;  // contents
  uint64_t fingerprint = 0;
};

Tokenizer Tokenizer::load(const std::filesystem::path& path) {
  return parse(read_file(path, kMaxTokenizerBytes), path.string());
}

Tokenizer Tokenizer::parse(std::string_view json, const std::string& source) {
  const auto parts = std::make_shared<Parts>(parse_tokenizer(json, source), source);
  parts->fingerprint = hash_of(json);
  return Tokenizer(parts);
}

std::vector<int32_t> Tokenizer::encode(std::string_view text) const {
  if (text.size() > kMaxTextBytes) throw RequestError(concat("a text of ", human_bytes(text.size()), " is too long"));
  if (!is_utf8(text)) return encode(repaired(text));
  std::vector<int32_t> ids;
  const auto add_id = [&](int32_t id) { ids.push_back(id); };
  const PreTokenizer::Visit add_word = [&](std::string_view word) { parts_->pairs.encode(word, ids); };
  const auto add_words = [&](std::string_view part) { parts_->pre_tokenizer.for_each_word(part, add_word); };
  const auto add_part = [&](std::string_view part) {
    if (!parts_->is_nfc) return parts_->normalised.split(part, add_words, add_id);
    parts_->normalised.split(nfc(part), add_words, add_id);
  };
  parts_->as_they_are.split(text, add_part, add_id);
  return ids;
}

std::string Tokenizer::decode(std::span<const int32_t> ids) const {
  std::string bytes;
  for (const int32_t id : ids) {
    const auto added = parts_->added.find(id);
    const std::string_view token = added != parts_->added.end() ? added->second : parts_->pairs.bytes_of(id);
    if (token.empty()) throw RequestError(concat("the tokenizer has no token of the id ", id));
    bytes += token;
  }
  return repaired(bytes);
}

std::optional<int32_t> Tokenizer::find_added(std::string_view content) const {
  for (const auto& [id, known] : parts_->added) {
    if (known == content) return id;
  }
  return std::nullopt;
}

int64_t Tokenizer::id_limit() const {
  const int32_t last_added = parts_->added.empty() ? -1 : parts_->added.rbegin()->first;
  return std::max<int64_t>(parts_->pairs.id_limit(), int64_t{last_added} + 1);
}

uint64_t Tokenizer::fingerprint() const {
  return parts_->fingerprint;
}

}  // namespace pixnerd::text
