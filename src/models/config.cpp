#include "models/config.h"

#include <algorithm>

#include "core/errors.h"
#include "core/text.h"
#include "nn/byte_encoder.h"

namespace pixnerd::models {

std::span<const std::pair<const char*, ModelType>> enum_names(ModelType) {
  static constexpr std::array<std::pair<const char*, ModelType>, 3> kNames{
      {{"c2i", ModelType::c2i}, {"t2i", ModelType::t2i}, {"t2i_heavy", ModelType::t2i_heavy}}};
  return kNames;
}

std::span<const std::pair<const char*, Prediction>> enum_names(Prediction) {
  static constexpr std::array<std::pair<const char*, Prediction>, 2> kNames{
      {{"velocity", Prediction::velocity}, {"image", Prediction::image}}};
  return kNames;
}

std::span<const std::pair<const char*, TextEncoderKind>> enum_names(TextEncoderKind) {
  static constexpr std::array<std::pair<const char*, TextEncoderKind>, 2> kNames{
      {{"qwen3", TextEncoderKind::qwen3}, {"bytes", TextEncoderKind::bytes}}};
  return kNames;
}

std::span<const std::pair<const char*, Modulation>> enum_names(Modulation) {
  static constexpr std::array<std::pair<const char*, Modulation>, 2> kNames{
      {{"adaln", Modulation::adaln}, {"none", Modulation::none}}};
  return kNames;
}

std::span<const std::pair<const char*, NetworkParts>> enum_names(NetworkParts) {
  static constexpr std::array<std::pair<const char*, NetworkParts>, 2> kNames{
      {{"t2i", NetworkParts::t2i}, {"c2i", NetworkParts::c2i}}};
  return kNames;
}

int64_t whole_patches(int64_t pixels, int64_t patch_size) {
  return std::max<int64_t>(pixels / patch_size, 1) * patch_size;
}

void ModelConfig::validate() const {
  if (hidden_size % num_heads != 0) {
    throw ConfigError(concat("hidden_size ", hidden_size, " is not divisible by num_heads ", num_heads));
  }
  if (head_width() % 4 != 0) {
    throw ConfigError(
        concat("hidden_size / num_heads is ", head_width(), ", but 2-D rotary positions need a multiple of 4"));
  }
  if (!takes_text() && num_cond_blocks > num_blocks) {
    throw ConfigError(concat("num_cond_blocks ", num_cond_blocks, " is more than num_blocks ", num_blocks,
                             "; num_blocks counts the transformer blocks and the neural-field blocks together"));
  }
  if (takes_text() && pooled_text && modulation == Modulation::none) {
    throw ConfigError("pooled_text is told to the blocks by their modulation, which is none; set it to adaln");
  }
  if (reads_bytes() && txt_embed_dim % nn::kByteHeadWidth != 0) {
    throw ConfigError(concat("txt_embed_dim ", txt_embed_dim, " is no multiple of ", nn::kByteHeadWidth,
                             ", which text_encoder bytes needs"));
  }
  if (type != ModelType::t2i_heavy) return;
  if (!decoder_patch_scaling && decoder_base_size % patch_size != 0) {
    throw ConfigError(concat("decoder_base_size ", decoder_base_size, " is no multiple of patch_size ", patch_size));
  }
  for (const double scaling : decoder_patch_scaling.value_or(std::array{1.0, 1.0})) {
    if (scaling * static_cast<double>(patch_size) >= 1 && scaling <= 64) continue;
    throw ConfigError(concat("decoder_patch_scaling ", scaling, " is impossible for patches of ", patch_size,
                             " pixels; it must leave a patch at least one pixel and be 64 at most"));
  }
}

}  // namespace pixnerd::models
