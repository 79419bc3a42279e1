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

  std::optional<models::ModelConfig> guess() {
    read_common();
    const bool takes_text = shapes_.contains("y_pos_embedding");
    config_.type = takes_text ? models::ModelType::t2i_heavy : models::ModelType::c2i;
    takes_text ? read_text() : read_classes();
    try {  // the limits of every key, as for a configuration that somebody wrote
      config::read(config::parse(config::dump(config_), "shapes"), config_);
    } catch (const ConfigError&) {
      possible_ = false;
    }
    return possible_ ? std::optional(config_) : std::nullopt;
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
    const int64_t channels = side("final_layer.linear.weight", 0, 2);
    const int64_t pixels = quotient(side("s_embedder.proj.weight", 1, 2, kMostFeatures), channels);
    const int64_t patch = std::llround(std::sqrt(static_cast<double>(pixels)));
    if (patch * patch != pixels || side("x_embedder.embedder.0.weight", 1, 2) != channels + kCodeFeatures) {
      possible_ = false;
    }
    config_.in_channels = channels;
    config_.patch_size = patch;
    config_.hidden_size = side("s_embedder.proj.weight", 0, 2);
    config_.field_width = side("final_layer.linear.weight", 1, 2);

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
    const int64_t width = config_.hidden_size, field_width = config_.field_width;
    config_.num_heads = q_norm.empty() ? 1 : quotient(width, side(q_norm, 0, 1));
    config_.field_mlp_ratio = field_blocks_ == 0 ? 2 : quotient(generated, 2 * field_width * field_width);
  }

  void read_classes() {
    config_.num_cond_blocks = transformer_blocks_;
    config_.num_blocks = transformer_blocks_ + field_blocks_;
    config_.num_classes = labels("y_embedder.embedding_table.weight");
    if (shapes_.contains("y_embedder.style_table.weight")) config_.num_styles = labels("y_embedder.style_table.weight");
    if (config_.num_classes < 1) possible_ = false;
  }

  void read_text() {
    config_.num_encoder_blocks = transformer_blocks_;
    config_.num_decoder_blocks = field_blocks_;
    config_.num_text_blocks = text_blocks_;
    config_.txt_embed_dim = side("y_embedder.proj.weight", 1, 2);
    config_.txt_max_length = side("y_pos_embedding", 1, 3);
    config_.decoder_base_size = models::whole_patches(config_.decoder_base_size, config_.patch_size);
  }

  // Rows of a table, that of no label not counted.
  int64_t labels(std::string_view table) {
    constexpr int64_t kMostRows = int64_t{1} << 40;
    return side(table, 0, 2, kMostRows) - 1;
  }

  const Shapes& shapes_;
  bool possible_ = true;
  models::ModelConfig config_;
  int64_t transformer_blocks_ = 0, field_blocks_ = 0, text_blocks_ = 0;
};

std::string sizes_of(const models::ModelConfig& config) {
  return concat("width ", config.hidden_size, ", ", config.num_heads, " heads, ", config.transformer_blocks(),
                " transformer and ", config.field_blocks(), " neural-field blocks, patches of ", config.patch_size, "x",
                config.patch_size, ", neural field of width ", config.field_width, " and ratio ",
                config.field_mlp_ratio);
}

}  // namespace

Shapes shapes_of(const std::vector<NamedEntry>& entries, WeightSet set) {
  Shapes shapes;
  for (const NamedEntry& entry : entries) {
    if (entry.set == set) shapes.emplace(entry.parameter, entry.entry->shape);
  }
  return shapes;
}

std::optional<models::ModelConfig> guess_config(const Shapes& shapes) {
  return Guesser(shapes).guess();
}

std::string describe(const models::ModelConfig& config) {
  if (config.takes_text()) {
    return concat("text-to-image, ", sizes_of(config), ", ", config.num_text_blocks, " text blocks on ",
                  config.txt_max_length, " tokens of width ", config.txt_embed_dim);
  }
  const std::string styles = config.num_styles > 0 ? concat(" and ", config.num_styles, " styles") : "";
  return concat("class-conditional, ", sizes_of(config), ", ", config.num_classes, " classes", styles);
}

}  // namespace pixnerd::sample
