// Small random changes of a training picture that leave its meaning: a shift, another size, a mirror image.
#pragma once

#include <cstdint>

#include "data/config.h"
#include "image/image.h"

namespace pixnerd::data {

struct Augmentation {
  int shift_x = 0;  // pixels to the right
  int shift_y = 0;  // pixels down
  bool flip = false;
  double scale = 1.0;  // over 1 enlarges what is seen
};

// The draws for a position of training: shifts uniform in [-shift_pixels, shift_pixels], a flip with probability 1/2, a
// scale uniform in 1 -+ scale_percent / 100, exactly 1 without one. A pure function of its arguments; a setting never
// changes the draws of another.
Augmentation draw_augmentation(const DataConfig& config, uint64_t seed, int64_t position);

// In this order: resized (bicubic, image/resize.h) to round(scale * side), mirrored, put in the middle, shifted by
// whole pixels. What leaves the picture's frame is cut off; where the picture does not reach, its edges are repeated,
// which goes unseen on the even ground of drawn pictures. Where the two sides of the middle cannot be equal, the right
// and the lower one lose or get the odd pixel. Same size as before; a scale that changes no side resamples nothing. Any
// shift and any scale > 0 is allowed. DataError for a picture without pixels, or for a scaled one of too many.
image::Image augment(const image::Image& picture, const Augmentation& augmentation);

}  // namespace pixnerd::data
