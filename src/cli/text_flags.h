// The flags of drawing from text: prompts and the text encoder.
#pragma once

#include <ATen/core/Tensor.h>

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "models/network.h"
#include "sample/prompts.h"

namespace pixnerd::cli {

struct TextFlags {
  std::string encoder, cache;  // folders
  std::vector<std::string> prompts;
  std::string file, negative_prompt;

  bool names_prompts() const { return !prompts.empty() || !file.empty(); }
  bool any() const { return names_prompts() || !negative_prompt.empty() || !encoder.empty() || !cache.empty(); }
};

// --text-encoder, --prompt, --prompts, --negative-prompt, --prompt-cache. What is no UTF-8 is refused, as in files.
void add_text_flags(CLI::App& command, TextFlags& flags);

// Those of --prompt or of --prompts.
std::vector<sample::Prompt> prompts_of(const TextFlags& flags);

// The states [K, N, T] of the texts as the network wants them, by itself or by the encoder in the folder. Warns of
// every text that is cut, with where. Qwen3's weights are in memory, the device's, only meanwhile. Errors as
// models::open_prompt_encoder's.
at::Tensor encode(const std::vector<std::string>& texts, const std::string& encoder, const std::string& cache,
                  models::Network& network, const at::Device& device);

}  // namespace pixnerd::cli
