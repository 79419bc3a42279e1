// Which network weights are of, told from the names and shapes of its parameters: what official checkpoints do not say.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "models/c2i_config.h"

namespace pixnerd::sample {

using Shapes = std::map<std::string, std::vector<int64_t>, std::less<>>;

// Of the text-to-image network. Whether it is the plain one or the one with the heavy decoder, shapes cannot tell.
struct T2ISizes {
  int64_t in_channels = 0, hidden_size = 0, num_heads = 0, patch_size = 0, field_width = 0, field_mlp_ratio = 0;
  int64_t num_encoder_blocks = 0, num_decoder_blocks = 0, num_text_blocks = 0;
  int64_t txt_embed_dim = 0, txt_max_length = 0;
};

using GuessedConfig = std::variant<models::C2IConfig, T2ISizes>;

// Shapes under the parameters' own names. Nothing if they are of no network that is known, or of an impossible one.
std::optional<GuessedConfig> guess_config(const Shapes& shapes);

// "class-conditional, width 1024, 16 heads, 22 transformer and 2 neural-field blocks, ...".
std::string describe(const GuessedConfig& config);

}  // namespace pixnerd::sample
