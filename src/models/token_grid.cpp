#include "models/token_grid.h"

#include <algorithm>
#include <array>
#include <string>

#include "core/errors.h"
#include "core/text.h"

namespace pixnerd::models {
namespace {

// One axis of a picture: a decoder's patch has `step` pixels, or `tokens` is what every size has.
struct Axis {
  int64_t step = 0;    // sizes are multiples of it
  int64_t tokens = 0;  // 0: size / step
};

Axis axis_of(const ModelConfig& config, size_t index) {
  if (config.type != ModelType::t2i_heavy) return {config.patch_size, 0};
  if (config.decoder_patch_scaling) {
    return {static_cast<int64_t>(static_cast<double>(config.patch_size) * (*config.decoder_patch_scaling)[index]), 0};
  }
  const int64_t tokens = config.decoder_base_size / config.patch_size;
  return {tokens, tokens};
}

// The transformer's picture, int(size / a), must have as many patches as the decoder's.
bool grids_agree(const ModelConfig& config, size_t index, int64_t size, int64_t tokens) {
  if (config.type != ModelType::t2i_heavy || !config.decoder_patch_scaling) return true;
  const auto seen = static_cast<int64_t>(static_cast<double>(size) / (*config.decoder_patch_scaling)[index]);
  return seen == tokens * config.patch_size;
}

std::string nearest(const Axis& axis, int64_t size) {
  const int64_t below = size / axis.step * axis.step;
  return below == 0 ? concat(axis.step) : concat(below, " or ", below + axis.step);
}

}  // namespace

TokenGrid token_grid(const ModelConfig& config, int64_t height, int64_t width) {
  const std::array<int64_t, 2> sizes{height, width};
  std::array<int64_t, 2> tokens{};
  for (size_t i = 0; i < 2; ++i) {
    const Axis axis = axis_of(config, i);
    if (sizes[i] <= 0 || sizes[i] % axis.step != 0) {
      throw RequestError(concat("an image of ", width, "x", height, " pixels (width x height) does not divide into ",
                                config.type == ModelType::t2i_heavy ? "the decoder's patches" : "patches", "; its ",
                                i == 0 ? "height" : "width", " must be a multiple of ", axis.step, ", such as ",
                                nearest(axis, sizes[i])));
    }
    tokens[i] = axis.tokens > 0 ? axis.tokens : sizes[i] / axis.step;
    if (!grids_agree(config, i, sizes[i], tokens[i])) {
      throw RequestError(concat("decoder_patch_scaling ", (*config.decoder_patch_scaling)[i], " gives the decoder's ",
                                axis.step, "-pixel patches another grid than the transformer's ", config.patch_size,
                                "-pixel ones for ", sizes[i], " pixels; take a scaling that times ", config.patch_size,
                                " is a whole number"));
    }
  }
  return {tokens[0], tokens[1]};
}

std::array<int64_t, 2> size_steps(const ModelConfig& config) {
  return {axis_of(config, 0).step, axis_of(config, 1).step};
}

void check_decodable(const TokenGrid& grid, int64_t height, int64_t width) {
  if (height > 0 && width > 0 && height % grid.rows == 0 && width % grid.columns == 0) return;
  throw RequestError(concat("an image of ", width, "x", height, " pixels (width x height) cannot be decoded from ",
                            grid.columns, "x", grid.rows, " tokens; its sides must be multiples of these"));
}

}  // namespace pixnerd::models
