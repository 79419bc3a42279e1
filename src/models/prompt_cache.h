// Encoded prompts on disk, one small safetensors file each, since training reads every prompt many times. Entries are
// written whole and checked when they are read; several processes may share a folder.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace pixnerd::models {

// One prompt through the text encoder.
struct EncodedPrompt {
  at::Tensor states;    // [N, T]
  int64_t tokens = 0;   // of the whole prompt, also where it was longer than N
  std::string kept;     // where it was longer: the text of its first N tokens
  std::string dropped;  // and of the others
};

class PromptCache {
 public:
  // `key` says all that the states depend on besides the prompt. An empty folder means no cache.
  PromptCache(std::filesystem::path folder, std::string key) : folder_(std::move(folder)), key_(std::move(key)) {}

  // What was stored for the prompt; nothing if there is nothing, or something that is damaged, which is warned of.
  std::optional<EncodedPrompt> load(std::string_view prompt) const;

  // A folder that cannot be written is warned of; the work goes on without it.
  void store(std::string_view prompt, const EncodedPrompt& encoded) const;

  std::filesystem::path path_of(std::string_view prompt) const;

 private:
  std::string name_of(std::string_view prompt) const;

  std::filesystem::path folder_;
  std::string key_;
};

}  // namespace pixnerd::models
