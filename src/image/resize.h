// Resizing with Pillow's 8-bit arithmetic, bit for bit: a model sees at sampling and evaluation the pixels it was
// trained on. Each side is a weighted sum of neighbouring pixels, with scale = in / out and F = max(scale, 1):
//   taps     j in [int(c - S + .5), int(c + S + .5)) inside the picture, c = (i + .5) * scale, S = radius * F
//   weights  f((j - c + .5) / F), normalised in double, rounded half away from zero to 22-bit fixed point
//   pixel    (2^21 + sum w_j u_j) >> 22, clipped to 0..255
// The horizontal pass comes first and leaves bytes; a side that keeps its size has no pass. Pillow 13 swaps the passes
// when the height shrinks by more than twice what the width does; the versions that published models were trained with
// never do, and neither does this.
// Source: Pillow, src/libImaging/Resample.c.
#pragma once

#include "image/image.h"

namespace pixnerd::image {

enum class Filter {
  box,       // radius 1/2
  bilinear,  // radius 1
  bicubic,   // radius 2, a = -1/2
};

// The whole picture at width x height. DataError: an empty source or target, or a target over kMaxPixels.
Image resize(const Image& image, int width, int height, Filter filter);

// crop(resize(image, width, height, filter), part), of which only `part` is computed, so a target that is huge in one
// direction costs nothing. DataError: `part` is empty, not inside the target or over kMaxPixels.
Image resize_part(const Image& image, int width, int height, Filter filter, const Rectangle& part);

}  // namespace pixnerd::image
