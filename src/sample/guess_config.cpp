#include "sample/guess_config.h"

#include <cmath>
#include <string_view>

#include "core/errors.h"
#include "core/text.h"

namespace pixnerd::sample {
namespace {

constexpr int64_t kCodeFeatures = 64;  // of a pixel's place in its patch, beside its channels
constexpr int64_t kMostSide = 65536;

class Guesser {
 public:
  explicit Guesser(const Shapes& shapes) : shapes_(shapes) {}

  std::optional<GuessedConfig> guess() {
    read_common();
    const bool is_t2i = shapes_.contains("y_pos_embedding");
    GuessedConfig config = is_t2i ? GuessedConfig(t2i()) : GuessedConfig(c2i());
    return possible_ ? std::optional(config) : std::nullopt;
  }

 private:
  // A side of a parameter; 1 and no guess if there is none, or none of a possible size.
  int64_t side(std::string_view name, size_t index, size_t rank, int64_t most = kMostSide) {
    const auto found = shapes_.find(name);
    if (found != shapes_.end() && found->second.size() == rank && found->second[index] >= 1 &&
        found->second[index] <= most) {
      return found->second[index];
    }
    possible_ = false;
    return 1;
  }

  int64_t quotient(int64_t number, int64_t by) {
    if (number % by != 0) possible_ = false;
    return number / by;
  }

  void read_common() {
    constexpr int64_t kMostFeatures = int64_t{1} << 40;
    width_ = side("s_embedder.proj.weight", 0, 2);
    channels_ = side("final_layer.linear.weight", 0, 2);
    field_width_ = side("final_layer.linear.weight", 1, 2);
    const int64_t pixels = quotient(side("s_embedder.proj.weight", 1, 2, kMostFeatures), channels_);
    patch_ = std::llround(std::sqrt(static_cast<double>(pixels)));
    if (patch_ * patch_ != pixels || side("x_embedder.embedder.0.weight", 1, 2) != channels_ + kCodeFeatures) {
      possible_ = false;
    }

    int64_t generated = 0;  // weights of the neural field that a token predicts
    std::string_view q_norm;
    for (const auto& [name, shape] : shapes_) {
      if (name.starts_with("blocks.") && name.ends_with(".attn.q_norm.weight")) {
        q_norm = name;
        ++transformer_blocks_;
      }
      if (name.starts_with("text_refine_blocks.") && name.ends_with(".attn.q_norm.weight")) ++text_blocks_;
      if (name.starts_with("blocks.") && name.ends_with(".param_generator1.0.weight")) {
        generated = side(name, 0, 2, kMostFeatures);
        ++field_blocks_;
      }
    }
    heads_ = q_norm.empty() ? 1 : quotient(width_, side(q_norm, 0, 1));
    ratio_ = field_blocks_ == 0 ? 2 : quotient(generated, 2 * field_width_ * field_width_);
  }

  models::C2IConfig c2i() {
    models::C2IConfig config;
    config.in_channels = channels_;
    config.hidden_size = width_;
    config.num_heads = heads_;
    config.patch_size = patch_;
    config.field_width = field_width_;
    config.field_mlp_ratio = ratio_;
    config.num_cond_blocks = transformer_blocks_;
    config.num_blocks = transformer_blocks_ + field_blocks_;
    config.num_classes = labels("y_embedder.embedding_table.weight");
    if (shapes_.contains("y_embedder.style_table.weight")) config.num_styles = labels("y_embedder.style_table.weight");
    try {  // the limits of every key, as for a configuration that somebody wrote
      config::read(config::parse(config::dump(config), "shapes"), config);
    } catch (const ConfigError&) {
      possible_ = false;
    }
    if (config.num_classes < 1) possible_ = false;
    return config;
  }

  // Rows of a table, that of no label not counted.
  int64_t labels(std::string_view table) {
    constexpr int64_t kMostRows = int64_t{1} << 40;
    return side(table, 0, 2, kMostRows) - 1;
  }

  T2ISizes t2i() {
    T2ISizes sizes;
    sizes.in_channels = channels_;
    sizes.hidden_size = width_;
    sizes.num_heads = heads_;
    sizes.patch_size = patch_;
    sizes.field_width = field_width_;
    sizes.field_mlp_ratio = ratio_;
    sizes.num_encoder_blocks = transformer_blocks_;
    sizes.num_decoder_blocks = field_blocks_;
    sizes.num_text_blocks = text_blocks_;
    sizes.txt_embed_dim = side("y_embedder.proj.weight", 1, 2);
    sizes.txt_max_length = side("y_pos_embedding", 1, 3);
    return sizes;
  }

  const Shapes& shapes_;
  bool possible_ = true;
  int64_t width_ = 0, channels_ = 0, field_width_ = 0, patch_ = 0, heads_ = 0, ratio_ = 0;
  int64_t transformer_blocks_ = 0, field_blocks_ = 0, text_blocks_ = 0;
};

std::string sizes_of(int64_t width, int64_t heads, int64_t transformer_blocks, int64_t field_blocks, int64_t patch,
                     int64_t field_width, int64_t ratio) {
  return concat("width ", width, ", ", heads, " heads, ", transformer_blocks, " transformer and ", field_blocks,
                " neural-field blocks, patches of ", patch, "x", patch, ", neural field of width ", field_width,
                " and ratio ", ratio);
}

}  // namespace

std::optional<GuessedConfig> guess_config(const Shapes& shapes) {
  return Guesser(shapes).guess();
}

std::string describe(const GuessedConfig& config) {
  if (const auto* c2i = std::get_if<models::C2IConfig>(&config)) {
    const std::string styles = c2i->num_styles > 0 ? concat(" and ", c2i->num_styles, " styles") : "";
    return concat(
        "class-conditional, ",
        sizes_of(c2i->hidden_size, c2i->num_heads, c2i->num_cond_blocks, c2i->num_blocks - c2i->num_cond_blocks,
                 c2i->patch_size, c2i->field_width, c2i->field_mlp_ratio),
        ", ", c2i->num_classes, " classes", styles);
  }
  const auto& t2i = std::get<T2ISizes>(config);
  return concat("text-to-image, ",
                sizes_of(t2i.hidden_size, t2i.num_heads, t2i.num_encoder_blocks, t2i.num_decoder_blocks, t2i.patch_size,
                         t2i.field_width, t2i.field_mlp_ratio),
                ", ", t2i.num_text_blocks, " text blocks on ", t2i.txt_max_length, " tokens of width ",
                t2i.txt_embed_dim);
}

}  // namespace pixnerd::sample
