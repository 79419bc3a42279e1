// The sizes of a Qwen3 text model, from the config.json of a Hugging Face folder.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace pixnerd::models {

struct Qwen3Config {
  int64_t hidden_size = 0;
  int64_t num_attention_heads = 0;
  int64_t num_key_value_heads = 0;  // divides num_attention_heads
  int64_t head_dim = 0;             // even; heads times this need not be hidden_size
  int64_t num_hidden_layers = 0;
  int64_t intermediate_size = 0;
  int64_t vocab_size = 0;
  double rms_norm_eps = 0;
  double rope_theta = 0;
};

// Nothing is assumed: what is missing is refused, and so is a field that asks for another network than qwen3.h has
// (attention biases, sliding windows, scaled positions, ...). rope_theta may stand at the top, as published files have
// it, or in rope_parameters, as newer writers have it. A field that is null is as absent. Throws ConfigError "source:
// field ...".
Qwen3Config parse_qwen3_config(std::string_view json, const std::string& source);

// Throws DataError too, if the file cannot be read.
Qwen3Config load_qwen3_config(const std::filesystem::path& path);

}  // namespace pixnerd::models
