// How a picture divides into tokens. The transformer sees a picture of rows x columns patches of P pixels; the neural
// field decodes the picture itself, in patches of whatever size that leaves.
#pragma once

#include <array>
#include <cstdint>

#include "models/config.h"

namespace pixnerd::models {

struct TokenGrid {
  int64_t rows = 0, columns = 0;
  bool operator==(const TokenGrid&) const = default;
};

// The grid of a picture of height x width pixels:
//   c2i, t2i     a token is a patch; both sides must be multiples of P
//   t2i_heavy    with decoder_patch_scaling a: int(H / a) / P rows, whose patches of int(P a) pixels must make up H;
//                without it a = H / decoder_base_size, so that the grid is the same for every size
// RequestError for another size; it names the nearest possible ones.
TokenGrid token_grid(const ModelConfig& config, int64_t height, int64_t width);

// What the sides of a picture must be multiples of, in pixels, height first.
std::array<int64_t, 2> size_steps(const ModelConfig& config);

// RequestError unless the sides are multiples of the grid's: patches of equal, whole sizes.
void check_decodable(const TokenGrid& grid, int64_t height, int64_t width);

}  // namespace pixnerd::models
