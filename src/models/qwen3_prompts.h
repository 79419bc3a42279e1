// Prompts through Qwen3: the last hidden states at the first 128 positions. The bare prompt is tokenized, without
// template or special tokens; the padding attends to nothing but is given too. N = 128 positions, T width.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "models/precision.h"
#include "models/prompt_cache.h"
#include "models/prompt_encoder.h"
#include "models/qwen3_config.h"
#include "text/tokenizer.h"

namespace pixnerd::models {

class Qwen3;

inline constexpr int64_t kPromptTokens = 128;
inline constexpr std::string_view kPaddingToken = "<|endoftext|>";  // 151643 in the published tokenizer

// A prompt as the encoder sees it.
struct PaddedPrompt {
  std::vector<int32_t> ids;  // `length` of them
  int64_t real = 0;          // how many are the prompt's, the first ones
};
PaddedPrompt pad_prompt(std::span<const int32_t> ids, int64_t length, int32_t padding);

struct Qwen3PromptOptions {
  Precision precision = Precision::bfloat16;  // the published one
  int64_t length = kPromptTokens;
  std::filesystem::path cache;  // a folder for encoded prompts (prompt_cache.h); empty for none
  int64_t idle_prompts = 0;     // after so many prompts in a row out of the cache the weights are freed; 0: never
  at::Device device = at::kCPU;
};

class Qwen3Prompts : public PromptEncoder {
 public:
  // A folder of Qwen3 as Hugging Face has it: config.json, tokenizer.json, model.safetensors or the index of several.
  // All three are opened and checked against each other, but weights are mapped and not read until a prompt needs them.
  // Throws ConfigError, DataError and CheckpointError that name the file and the field.
  explicit Qwen3Prompts(const std::filesystem::path& folder, const Qwen3PromptOptions& options = {});
  ~Qwen3Prompts() override;

  int64_t hidden_size() const override { return config_.hidden_size; }
  bool is_loaded() const { return model_ != nullptr; }  // whether weights have been read and not freed

 protected:
  Limit limit() const override { return {options_.length, "tokens"}; }
  EncodedPrompt encode_one(std::string_view prompt) override;

 private:
  std::filesystem::path folder_;
  Qwen3PromptOptions options_;
  Qwen3Config config_;
  text::Tokenizer tokenizer_;
  int32_t padding_ = 0;
  std::shared_ptr<const checkpoint::WeightsFile> file_;
  PromptCache cache_;
  std::unique_ptr<const Qwen3> model_;  // null until a prompt needs it, and once it has been idle
  int64_t idle_ = 0;                    // prompts out of the cache since it was needed
};

}  // namespace pixnerd::models
