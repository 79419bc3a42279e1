// Small random changes of a training picture that leave its meaning: a shift, a mirror image.
#pragma once

#include <cstdint>

#include "data/config.h"
#include "image/image.h"

namespace pixnerd::data {

struct Augmentation {
  int shift_x = 0;  // pixels to the right
  int shift_y = 0;  // pixels down
  bool flip = false;
};

// The draws for a position of training: shifts uniform in [-shift_pixels, shift_pixels], a flip with probability 1/2.
// A pure function of its arguments; a setting never changes the draws of another.
Augmentation draw_augmentation(const DataConfig& config, uint64_t seed, int64_t position);

// Mirrored first, then shifted. The edges are repeated where the shift leaves the picture, which goes unseen on the
// even ground of drawn pictures. Same size; any shift is allowed. DataError for a picture without pixels.
image::Image augment(const image::Image& picture, const Augmentation& augmentation);

}  // namespace pixnerd::data
