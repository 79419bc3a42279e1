// Prompts to the states that a text-to-image network reads, whoever makes them: Qwen3 from a folder of its own
// (qwen3_prompts.h), or the network itself (byte_prompts.h). A prompt has N states, whatever its length: what is longer
// than the encoder reads is cut, what is shorter padded on the right, and the states of the padding are given too. The
// unconditional prompt is the empty one, padding alone. B prompts, T width.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "models/network.h"
#include "models/prompt_cache.h"

namespace pixnerd::models {

// A prompt that was longer than the encoder's limit.
struct CutPrompt {
  size_t index = 0;     // in the list of prompts
  std::string length;   // that it has: "140 tokens"
  std::string kept;     // the text that is read
  std::string dropped;  // and that is not
};

// "the prompt 'it begins...' has 140 tokens, more than ...: it is cut behind '...the end', 'of it...' is not read".
std::string describe(const CutPrompt& cut);

struct EncodedPrompts {
  at::Tensor states;  // [B, N, T] in the encoder's type, on the CPU
  std::vector<CutPrompt> cut;
};

class PromptEncoder {
 public:
  virtual ~PromptEncoder() = default;

  // One prompt at a time, so that a prompt's states do not depend on its company. T is hidden_size(), or `width`, to
  // which states are cut or padded with zeros. Safe to call from several threads, which take turns.
  EncodedPrompts encode(std::span<const std::string> prompts, std::optional<int64_t> width = std::nullopt);

  virtual int64_t hidden_size() const = 0;

 protected:
  // What a prompt's length is counted in, and how many of them are read.
  struct Limit {
    int64_t length;
    const char* unit;
  };
  virtual Limit limit() const = 0;

  virtual EncodedPrompt encode_one(std::string_view prompt) = 0;

 private:
  std::mutex mutex_;
};

// That of a network: its own, or Qwen3 in `folder`, whose prompts are kept in the folder `cache` unless that is empty.
// The network must outlive it. Errors as those of Qwen3Prompts.
std::unique_ptr<PromptEncoder> open_prompt_encoder(Network& network, const std::filesystem::path& folder,
                                                   const std::filesystem::path& cache, const at::Device& device);

}  // namespace pixnerd::models
