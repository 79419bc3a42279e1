#include "models/cost.h"

namespace pixnerd::models {

Cost cost_of(const C2IConfig& config, int64_t height, int64_t width) {
  const auto real = [](int64_t value) { return static_cast<double>(value); };
  const double d = real(config.hidden_size), e = real(config.field_width), c = real(config.in_channels);
  const double hidden = real(2 * (4 * config.hidden_size) / 3);  // of SwiGLU
  const double pixels = real(config.patch_size * config.patch_size);
  const double tokens = real(height / config.patch_size * (width / config.patch_size));
  const double parameters = 2 * e * e * real(config.field_mlp_ratio);  // of one token's MLP
  const double blocks = real(config.num_cond_blocks), field_blocks = real(config.num_blocks - config.num_cond_blocks);

  Cost cost;
  const double projections = 4 * d * d + 3 * d * hidden;  // qkv, proj; w1, w3, w2
  cost.blocks = 2 * blocks * (tokens * (projections + 2 * tokens * d) + 6 * d * d);
  cost.field = 2 * field_blocks * tokens * (d * parameters + pixels * parameters);
  cost.ends = 2 * tokens * (c * pixels * d + 2 * pixels * c * e) + 2 * (256 + d) * d;

  // Inputs of norms, of products and of the gates; q, k and v before and after the rotation.
  cost.kept_by_blocks = blocks * tokens * (13 * d + 3 * hidden);
  cost.kept_by_blocks_recomputed = blocks * tokens * d;
  cost.kept_by_field = field_blocks * tokens * (pixels * e + parameters + d);
  cost.kept_by_field_recomputed = field_blocks * tokens * (pixels * e + d);
  return cost;
}

}  // namespace pixnerd::models
