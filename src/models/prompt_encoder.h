// Prompts to what the text-to-image network reads: the last hidden states of Qwen3 at the first 128 positions. The bare
// prompt is tokenized, without template or special tokens; what is longer is cut, what is shorter padded on the right,
// and the states of the padding are given too. The unconditional prompt is the empty one: padding alone, which attends
// to nothing. B prompts, N = 128 positions, T width.
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

#include "models/precision.h"
#include "models/prompt_cache.h"
#include "models/qwen3.h"
#include "text/tokenizer.h"

namespace pixnerd::models {

inline constexpr int64_t kPromptTokens = 128;
inline constexpr std::string_view kPaddingToken = "<|endoftext|>";  // 151643 in the published tokenizer

// A prompt as the encoder sees it.
struct PaddedPrompt {
  std::vector<int32_t> ids;  // `length` of them
  int64_t real = 0;          // how many are the prompt's, the first ones
};
PaddedPrompt pad_prompt(std::span<const int32_t> ids, int64_t length, int32_t padding);

// A prompt that was longer than the encoder's limit.
struct CutPrompt {
  size_t index = 0;     // in the list of prompts
  int64_t tokens = 0;   // it has so many
  std::string kept;     // the text of the first N tokens
  std::string dropped;  // the text of the others
};

// "the prompt 'it begins...' has 140 tokens, more than ...: it is cut behind '...the end', 'of it...' is not read".
std::string describe(const CutPrompt& cut);

struct EncodedPrompts {
  at::Tensor states;  // [B, N, T] in the encoder's type, on the CPU
  std::vector<CutPrompt> cut;
};

struct PromptEncoderOptions {
  Precision precision = Precision::bfloat16;  // the published one
  int64_t length = kPromptTokens;
  std::filesystem::path cache;  // a folder for encoded prompts (prompt_cache.h); empty for none
  int64_t idle_prompts = 0;     // after so many prompts in a row out of the cache the weights are freed; 0: never
  at::Device device = at::kCPU;
};

class PromptEncoder {
 public:
  // A folder of Qwen3 as Hugging Face has it: config.json, tokenizer.json, model.safetensors or the index of several.
  // All three are opened and checked against each other, but weights are mapped and not read until a prompt needs them.
  // Throws ConfigError, DataError and CheckpointError that name the file and the field.
  explicit PromptEncoder(const std::filesystem::path& folder, const PromptEncoderOptions& options = {});

  // One prompt at a time, so that a prompt's states do not depend on its company. T is the model's hidden size, or
  // `width`, to which states are cut or padded with zeros. Safe to call from several threads, which take turns.
  EncodedPrompts encode(std::span<const std::string> prompts, std::optional<int64_t> width = std::nullopt);

  int64_t hidden_size() const { return config_.hidden_size; }
  bool is_loaded() const { return model_ != nullptr; }  // whether weights have been read and not freed

 private:
  EncodedPrompt encode_one(std::string_view prompt);

  std::filesystem::path folder_;
  PromptEncoderOptions options_;
  Qwen3Config config_;
  text::Tokenizer tokenizer_;
  int32_t padding_ = 0;
  std::shared_ptr<const checkpoint::WeightsFile> file_;
  PromptCache cache_;
  std::unique_ptr<const Qwen3> model_;  // null until a prompt needs it, and once it has been idle
  int64_t idle_ = 0;                    // prompts out of the cache since it was needed
  std::mutex mutex_;
};

}  // namespace pixnerd::models
