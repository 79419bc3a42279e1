// The convolutions of the FID Inception-v3 as a table.
#pragma once

#include <cstdint>
#include <span>

#include "nn/onednn.h"

namespace pixnerd::models {

// One line of the network's table; its tensors are <name>.conv.weight [out, in, height, width] and <name>.bn.*.
struct InceptionLayer {
  const char* name;
  int64_t in, out, height, width;
  int64_t stride = 1;
  bool padded = true;  // by zeros, so that the size stays as it is at stride 1
};

// All of them, in the order of the published file.
std::span<const InceptionLayer> inception_layers();

// With a ReLU behind.
nn::ConvolutionForm form_of(const InceptionLayer& layer);

}  // namespace pixnerd::models
