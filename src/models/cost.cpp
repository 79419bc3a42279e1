#include "models/cost.h"

#include <algorithm>
#include <cmath>

#include "nn/byte_encoder.h"
#include "nn/embedders.h"

namespace pixnerd::models {

Cost cost_of(const ModelConfig& config, int64_t height, int64_t width) {
  const auto real = [](int64_t value) { return static_cast<double>(value); };
  const double d = real(config.hidden_size), e = real(config.field_width), c = real(config.in_channels);
  const double hidden = real(config.mlp_hidden());
  const TokenGrid grid = token_grid(config, height, width);
  const double tokens = real(grid.rows * grid.columns);
  const double seen = real(config.patch_size * config.patch_size);  // pixels of a token's patch
  const double pixels = real(height * width) / tokens;              // of a decoder's patch
  const double text = config.takes_text() ? real(config.txt_max_length) : 0;
  const double parameters = 2 * e * e * real(config.field_mlp_ratio);  // of one token's MLP
  const double blocks = real(config.transformer_blocks()), field_blocks = real(config.field_blocks());

  Cost cost;
  const double projections = 4 * d * d + 3 * d * hidden;  // qkv, proj; w1, w3, w2
  const double of_text = 2 * d * d * text;                // keys and values of the text
  cost.blocks = 2 * blocks * (tokens * (projections + 2 * (tokens + text) * d) + of_text + 6 * d * d);
  if (text > 0) {
    cost.blocks += 2 * real(config.num_text_blocks) * (text * (projections + 2 * text * d) + 6 * d * d);
    cost.ends += 2 * text * real(config.txt_embed_dim) * d;
  }
  cost.field = 2 * field_blocks * tokens * (d * parameters + pixels * parameters);
  cost.ends += 2 * tokens * (c * seen * d + 2 * pixels * c * e) + 2 * (256 + d) * d;

  // Inputs of norms, of products and of the gates; q, k and v before and after the rotation.
  const double rows = blocks * tokens + (text > 0 ? real(config.num_text_blocks) * text : 0);
  cost.kept_by_blocks = rows * (13 * d + 3 * hidden) + 4 * blocks * text * d;
  cost.kept_by_blocks_recomputed = rows * d;
  cost.kept_by_field = field_blocks * tokens * (pixels * e + parameters + d);
  cost.kept_by_field_recomputed = field_blocks * tokens * (pixels * e + d);
  return cost;
}

int64_t decoded_values(const ModelConfig& config, int64_t pixels) {
  return config.field_width * (pixels + 2 * config.field_width * config.field_mlp_ratio);
}

int64_t kept_values(const ModelConfig& config, int64_t tokens) {
  constexpr int64_t kMostValues = int64_t{1} << 27;
  const int64_t of_token = config.field_blocks() * 2 * config.field_width * config.field_width * config.field_mlp_ratio;
  return of_token == 0 || tokens > kMostValues / of_token ? 0 : tokens * of_token;
}

double parameters_of(const ModelConfig& config) {
  const auto real = [](int64_t value) { return static_cast<double>(value); };
  const double d = real(config.hidden_size), e = real(config.field_width), c = real(config.in_channels);
  const double block = 4 * d * d + 3 * d * real(config.mlp_hidden()) + 6 * d * d;
  const double generator = d * 2 * e * e * real(config.field_mlp_ratio);
  double all = real(config.transformer_blocks()) * block + real(config.field_blocks()) * generator;
  all += real(config.patch_features()) * d + (256 + d) * d + (c + 64) * e;
  if (!config.takes_text()) return all + real(config.num_classes + 1 + config.num_styles) * d;
  if (config.pooled_text) all += (real(config.txt_embed_dim) + d) * real(nn::kPooledWidening) * d;
  if (config.reads_bytes()) all += real(nn::kNgramRows * nn::kNgramWidth);  // nearly all of the encoder
  all += real(config.transformer_blocks()) * 2 * d * d + real(config.num_text_blocks) * block;
  return all + real(config.txt_embed_dim + config.txt_max_length) * d;
}

double sampling_bytes(const ModelConfig& config, const TokenGrid& grid, int64_t height, int64_t width, int64_t batch,
                      Precision precision, bool reuses) {
  const auto real = [](int64_t value) { return static_cast<double>(value); };
  constexpr double kProgram = 450e6;   // LibTorch, its threads, and gaps between the tensors
  constexpr double kInt8Weight = 1.2;  // bytes: some layers stay in bfloat16 (int8_layers.h)
  constexpr double kImages = 24;       // float32 pictures alive at once: x, both velocities, a solver's memory, patches
  const double type = precision == Precision::float32 ? 4 : 2;
  const double weight = precision == Precision::int8 ? kInt8Weight : type;
  const double d = real(config.hidden_size), evaluated = 2 * real(batch), of_picture = real(grid.rows * grid.columns);
  const double text = config.takes_text() ? real(config.txt_max_length) : 0;
  const double tokens = evaluated * of_picture;
  const double together = std::min(evaluated, std::max(1.0, std::floor(real(kEncodedTokens) / of_picture)));
  const double encoded = together * (of_picture + text);
  // Of a block, per token: the stream, its norm and either qkv in three forms or the MLP's hidden values.
  const double of_token = std::max(12 * d, 3 * d + 3 * real(config.mlp_hidden()));
  const int64_t pixels = height / grid.rows * (width / grid.columns);
  const double decoded = std::min(real(kDecodedValues), tokens * real(decoded_values(config, pixels)));
  const double images = evaluated * real(config.in_channels * height * width) * 4 * kImages / 2;
  // Of both halves of guidance, and one of them a second time while it is put together.
  const double kept = reuses ? 3 * real(kept_values(config, batch * grid.rows * grid.columns)) * type : 0;
  return kProgram + parameters_of(config) * weight + (encoded * of_token + 2 * tokens * d) * type + 3 * decoded * type +
         kept + images;
}

}  // namespace pixnerd::models
