#include "models/prompt_cache.h"

#include <array>
#include <charconv>
#include <system_error>

#include "checkpoint/tensors.h"
#include "core/crc32c.h"
#include "core/errors.h"
#include "core/hash.h"
#include "core/log.h"
#include "core/text.h"

namespace pixnerd::models {
namespace {

constexpr const char* kStates = "states";

std::string checksum(const EncodedPrompt& encoded) {
  const auto* data = static_cast<const char*>(encoded.states.const_data_ptr());
  const std::string sums = concat(crc32c({data, encoded.states.nbytes()}), " ", encoded.tokens, " ");
  return concat(sums, crc32c(encoded.kept), " ", crc32c(encoded.dropped));
}

}  // namespace

// 128 bits: two hashes that begin differently.
std::string PromptCache::name_of(std::string_view prompt) const {
  const std::string_view key = key_;
  const uint64_t one = hash_of(prompt, hash_of(key)), other = hash_of(key, hash_of(prompt, one));
  return hexadecimal(one) + hexadecimal(other);
}

std::filesystem::path PromptCache::path_of(std::string_view prompt) const {
  const std::string name = name_of(prompt);
  return folder_ / name.substr(0, 2) / (name + ".safetensors");
}

std::optional<EncodedPrompt> PromptCache::load(std::string_view prompt) const {
  if (folder_.empty()) return std::nullopt;
  const std::filesystem::path path = path_of(prompt);
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) return std::nullopt;
  try {
    checkpoint::Loaded loaded = checkpoint::load_safetensors(path);
    EncodedPrompt encoded;
    const at::Tensor& states = loaded.tensors[kStates];
    if (states.defined()) encoded.states = states.clone();  // a set of captions would map thousands of files
    const std::string& tokens = loaded.metadata["tokens"];
    std::from_chars(tokens.data(), tokens.data() + tokens.size(), encoded.tokens);
    encoded.kept = loaded.metadata["kept"];
    encoded.dropped = loaded.metadata["dropped"];
    const bool is_whole = encoded.states.defined() && encoded.states.dim() == 2 &&
                          loaded.metadata["key"] == name_of(prompt) && loaded.metadata["checksum"] == checksum(encoded);
    if (is_whole) return encoded;
    log_warning(concat(quoted(path), " is damaged; its prompt is encoded anew"));
  } catch (const Error& error) {
    log_warning(concat(error.what(), "; its prompt is encoded anew"));
  }
  return std::nullopt;
}

void PromptCache::store(std::string_view prompt, const EncodedPrompt& encoded) const {
  if (folder_.empty()) return;
  const std::filesystem::path path = path_of(prompt);
  try {
    std::error_code ignored;  // what is not there then cannot be written, which is said
    std::filesystem::create_directories(path.parent_path(), ignored);
    checkpoint::save_safetensors(path, {{kStates, encoded.states}},
                                 {{"key", name_of(prompt)},
                                  {"tokens", concat(encoded.tokens)},
                                  {"kept", encoded.kept},
                                  {"dropped", encoded.dropped},
                                  {"checksum", checksum(encoded)}});
  } catch (const Error& error) {
    log_warning(concat("an encoded prompt is not kept: ", error.what()));
  }
}

}  // namespace pixnerd::models
