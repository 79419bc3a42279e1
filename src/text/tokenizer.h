// A byte-level BPE tokenizer, as Hugging Face's `tokenizers` library has it in a tokenizer.json: text to ids.
//
// A text goes through these steps: tokens that were added beside the vocabulary are taken out, the rest is normalised
// (NFC), cut into words by regular expressions, and each word encoded by merging pairs of its bytes. For the fields
// that are supported the ids are those of the library; a file that asks for anything else which would change ids is
// refused. No ids are added around a text.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pixnerd::text {

// Immutable: any number of threads may use one at once. Copies share what was read.
class Tokenizer {
 public:
  // Throws DataError that names the path and the field that is malformed or not supported.
  static Tokenizer load(const std::filesystem::path& path);
  static Tokenizer parse(std::string_view json, const std::string& source);

  // UTF-8 to ids. What is not well-formed becomes U+FFFD first, as in Python's bytes.decode(errors="replace").
  // Throws DataError where a pattern of the file takes too many steps on this text, RequestError for more than 1 GiB.
  std::vector<int32_t> encode(std::string_view text) const;

  // Ids to text. A character of which an end is missing becomes U+FFFD. Throws RequestError for an id without a token.
  std::string decode(std::span<const int32_t> ids) const;

  // The id of an added token, by its content.
  std::optional<int32_t> find_added(std::string_view content) const;

  int64_t id_limit() const;      // one more than the largest id: what a model's table of embeddings must hold
  uint64_t fingerprint() const;  // of the file: different files have different ones

 private:
  struct Parts;
  explicit Tokenizer(std::shared_ptr<const Parts> parts) : parts_(std::move(parts)) {}

  std::shared_ptr<const Parts> parts_;
};

}  // namespace pixnerd::text
