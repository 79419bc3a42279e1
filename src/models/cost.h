// What a network costs by its sizes alone: floating-point operations, and the values that training keeps. Counted are
// the products (a multiply-add is two operations) and attention; norms, gates and casts are a few percent more of the
// time and none of the count.
#pragma once

#include <cstdint>

#include "models/config.h"
#include "models/precision.h"
#include "models/token_grid.h"

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
Cost cost_of(const ModelConfig& config, int64_t height, int64_t width);

// Values of one token in the neural field, its predicted weights included, for a patch of so many pixels.
int64_t decoded_values(const ModelConfig& config, int64_t pixels);

// So many of them are held at a time in Mode::infer: a picture of 256 x 256 at once, larger ones in parts.
inline constexpr int64_t kDecodedValues = int64_t{1} << 24;

// So many tokens go through the transformer together in Mode::infer, or those of one picture if they are more: enough
// for its products to run at full speed.
inline constexpr int64_t kEncodedTokens = 4096;

double parameters_of(const ModelConfig& config);

// The weights that the neural field predicts for so many tokens, in values; 0 where they are too many to be kept for
// the steps that reuse the tokens.
int64_t kept_values(const ModelConfig& config, int64_t tokens);

// What sampling needs at most, in bytes, weights included: `batch` pictures of a token grid that are decoded at height
// x width pixels, both halves of guidance counted, and with `reuses` what is kept for steps without the transformer. An
// estimate from above by a few percent; the states of texts are not in it.
double sampling_bytes(const ModelConfig& config, const TokenGrid& grid, int64_t height, int64_t width, int64_t batch,
                      Precision precision, bool reuses = false);

}  // namespace pixnerd::models
