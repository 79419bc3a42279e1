// Which linear layers run in 8 bits where the arithmetic is int8. The choice was measured: `int8_bench` quantises one
// group of layers at a time and prints what that costs in accuracy and wins in time (docs/performance.md).
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <string_view>

namespace pixnerd::models {

struct LayerGroup {
  const char* name;
  bool int8;            // rounded to 8 bits with a scale for each row, in files too; else it stays in bfloat16
  const char* why;      // of the choice
  int64_t rows = 0;     // of a typical product; 0 for the tokens of a picture
  bool turned = false;  // in bfloat16 in files, but turned and rounded where it is packed (nn::turn_rows)
};

std::span<const LayerGroup> layer_groups();

// The group of a weight of PixNerd, by its parameter's name and shape; null for parameters that no group has, which are
// never quantised.
const LayerGroup* layer_group(std::string_view parameter, at::IntArrayRef shape);

// The same of Qwen3's matrices, by names as "layers.0.mlp.down_proj.weight".
bool is_int8_layer_of_qwen3(std::string_view parameter);

// Whether a parameter is a matrix that products read; labels have a table each, which none does.
bool is_matrix(std::string_view parameter, int64_t dimensions);

// The type in which a file for int8 stores a parameter: kChar with a scale for each row, kBFloat16 or kFloat.
at::ScalarType int8_file_type(std::string_view parameter, at::IntArrayRef shape);

}  // namespace pixnerd::models
