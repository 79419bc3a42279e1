// What comes before drawing, in every verb that draws.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

#include "sample/drawing.h"
#include "sample/model_file.h"

namespace pixnerd::cli {

// What pictures are drawn with.
struct DrawingTools {
  const sample::ModelFile& file;
  models::Precision precision = models::Precision::float32;
  at::Device device = at::kCPU;
  int64_t batch = 0;                       // as --batch
  std::string text_encoder, prompt_cache;  // folders
};

// Before prompts are encoded, which takes its time: errors as sample::check() and check_memory(),
// CLI::ValidationError where there are prompts and no text encoder.
void check(const DrawingTools& tools, const std::vector<sample::PictureRequest>& pictures);

// Encodes the prompts, with progress, and makes the network ready, once and for good.
sample::DrawSettings prepare(const DrawingTools& tools, const std::vector<sample::PictureRequest>& pictures);

}  // namespace pixnerd::cli
