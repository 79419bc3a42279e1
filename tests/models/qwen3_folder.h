// A text encoder's folder as Hugging Face has it, with a small random Qwen3 in it.
#pragma once

#include <filesystem>
#include <fstream>

#include "checkpoint/tensors.h"
#include "models/qwen3_prompts.h"
#include "tests/models/tiny_qwen3.h"
#include "tests/text/tiny_tokenizer.h"

namespace pixnerd::models {

inline nlohmann::json padding_tokenizer() {
  return text::tiny_tokenizer({{"a", "b"}}, {{{"content", kPaddingToken}, {"normalized", false}}});
}

// Its tokenizer has the bytes and "ab"; its states are 16 wide.
inline void write_qwen3_folder(const std::filesystem::path& folder, uint64_t seed = 1) {
  std::filesystem::create_directories(folder);
  const auto write = [&](const char* name, const nlohmann::json& json) {
    std::ofstream(folder / name, std::ios::binary) << json.dump();
  };
  write("config.json", tiny_qwen3_json());
  write("tokenizer.json", padding_tokenizer());
  const Qwen3Weights weights = random_qwen3(tiny_qwen3(), seed);
  checkpoint::save_safetensors(folder / "model.safetensors", {weights.begin(), weights.end()});
}

}  // namespace pixnerd::models
