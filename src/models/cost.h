// What a network costs by its sizes alone: floating-point operations, and the values that training keeps. Counted are
// the products (a multiply-add is two operations) and attention; norms, gates and casts are a few percent more of the
// time and none of the count.
#pragma once

#include <cstdint>

#include "models/c2i_config.h"

namespace pixnerd::models {

// Of one picture.
struct Cost {
  double blocks = 0;  // operations of the transformer blocks, attention and modulation included
  double field = 0;   // of the neural field: parameter generators and the products per pixel
  double ends = 0;    // of the embeddings and the final layer
  double forward() const { return blocks + field + ends; }
  double training() const { return 3 * forward(); }  // forward and backward

  // Values that one forward pass leaves for the backward pass, or, of a part that is recomputed, before it.
  double kept_by_blocks = 0, kept_by_blocks_recomputed = 0;
  double kept_by_field = 0, kept_by_field_recomputed = 0;
};

// For a picture of height x width pixels.
Cost cost_of(const C2IConfig& config, int64_t height, int64_t width);

}  // namespace pixnerd::models
