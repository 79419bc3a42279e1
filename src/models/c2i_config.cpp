#include "models/c2i_config.h"

#include "core/errors.h"
#include "core/text.h"

namespace pixnerd::models {

std::span<const std::pair<const char*, ModelType>> enum_names(ModelType) {
  static constexpr std::array<std::pair<const char*, ModelType>, 1> kNames{{{"c2i", ModelType::c2i}}};
  return kNames;
}

std::span<const std::pair<const char*, Prediction>> enum_names(Prediction) {
  static constexpr std::array<std::pair<const char*, Prediction>, 2> kNames{
      {{"velocity", Prediction::velocity}, {"image", Prediction::image}}};
  return kNames;
}

void C2IConfig::validate() const {
  if (hidden_size % num_heads != 0) {
    throw ConfigError(concat("hidden_size ", hidden_size, " is not divisible by num_heads ", num_heads));
  }
  if (head_width() % 4 != 0) {
    throw ConfigError(
        concat("hidden_size / num_heads is ", head_width(), ", but 2-D rotary positions need a multiple of 4"));
  }
  if (num_cond_blocks > num_blocks) {
    throw ConfigError(concat("num_cond_blocks ", num_cond_blocks, " is more than num_blocks ", num_blocks,
                             "; num_blocks counts the transformer blocks and the neural-field blocks together"));
  }
}

}  // namespace pixnerd::models
