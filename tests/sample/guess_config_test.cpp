#include "sample/guess_config.h"

#include <gtest/gtest.h>

#include "config/schema.h"
#include "models/network.h"

namespace pixnerd::sample {
namespace {

models::ModelConfig small_config() {
  models::ModelConfig config;
  config.hidden_size = 48;
  config.num_heads = 3;
  config.patch_size = 8;
  config.field_width = 12;
  config.field_mlp_ratio = 3;
  config.num_cond_blocks = 11;
  config.num_blocks = 13;
  config.num_classes = 7;
  return config;
}

Shapes shapes_of(const models::ModelConfig& config) {
  Shapes shapes;
  for (const auto& [name, parameter] : models::make_network(config)->parameters()) {
    shapes.emplace(name, parameter.sizes().vec());
  }
  return shapes;
}

Shapes t2i_shapes() {
  return {{"s_embedder.proj.weight", {32, 192}},
          {"x_embedder.embedder.0.weight", {8, 67}},
          {"final_layer.linear.weight", {3, 8}},
          {"y_embedder.proj.weight", {32, 24}},
          {"y_pos_embedding", {1, 10, 32}},
          {"blocks.0.attn.q_norm.weight", {8}},
          {"blocks.1.attn.q_norm.weight", {8}},
          {"blocks.2.param_generator1.0.weight", {256, 32}},
          {"text_refine_blocks.0.attn.q_norm.weight", {8}}};
}

TEST(GuessConfig, ClassConditionalNetworks) {
  models::ModelConfig config = small_config();
  for (const int64_t styles : {0, 4}) {
    config.num_styles = styles;
    const auto guessed = guess_config(shapes_of(config));
    ASSERT_TRUE(guessed.has_value());
    EXPECT_EQ(config::dump(*guessed), config::dump(config));
  }
  EXPECT_EQ(describe(config),
            "class-conditional, width 48, 3 heads, 11 transformer and 2 neural-field blocks, patches of 8x8, neural "
            "field of width 12 and ratio 3, 7 classes and 4 styles");
}

TEST(GuessConfig, TextToImageNetworks) {
  const auto guessed = guess_config(t2i_shapes());
  ASSERT_TRUE(guessed.has_value());
  const models::ModelConfig& sizes = *guessed;
  EXPECT_EQ(sizes.type, models::ModelType::t2i_heavy);
  EXPECT_EQ(sizes.hidden_size, 32);
  EXPECT_EQ(sizes.num_heads, 4);
  EXPECT_EQ(sizes.patch_size, 8);
  EXPECT_EQ(sizes.field_mlp_ratio, 2);
  EXPECT_EQ(sizes.num_encoder_blocks, 2);
  EXPECT_EQ(sizes.num_decoder_blocks, 1);
  EXPECT_EQ(sizes.num_text_blocks, 1);
  EXPECT_EQ(sizes.txt_embed_dim, 24);
  EXPECT_EQ(sizes.txt_max_length, 10);
}

// Whatever the patch, both decoders are the same at the size that is drawn unless told.
TEST(GuessConfig, TextToImageNetworksOfAnyPatch) {
  for (const auto& [patch, base] : {std::pair{6, 510}, std::pair{12, 504}, std::pair{16, 512}, std::pair{600, 600}}) {
    Shapes shapes = t2i_shapes();
    shapes["s_embedder.proj.weight"] = {32, 3 * patch * patch};
    const auto guessed = guess_config(shapes);
    ASSERT_TRUE(guessed.has_value()) << patch;
    EXPECT_EQ(guessed->type, models::ModelType::t2i_heavy);
    EXPECT_EQ(guessed->decoder_base_size, base);
  }
}

TEST(GuessConfig, ShapesOfNoNetworkAreNotGuessed) {
  EXPECT_FALSE(guess_config({}).has_value());
  const std::pair<const char*, std::vector<int64_t>> changes[] = {{"s_embedder.proj.weight", {48, 193}},
                                                                  {"s_embedder.proj.weight", {48}},
                                                                  {"s_embedder.proj.weight", {0, 192}},
                                                                  {"x_embedder.embedder.0.weight", {12, 60}},
                                                                  {"final_layer.linear.weight", {3, 100000}},
                                                                  {"final_layer.linear.weight", {0, 12}},
                                                                  {"blocks.3.attn.q_norm.weight", {7}},
                                                                  {"y_embedder.embedding_table.weight", {1, 48}},
                                                                  {"blocks.12.param_generator1.0.weight", {7, 48}}};
  for (const auto& [name, shape] : changes) {
    Shapes shapes = shapes_of(small_config());
    shapes[name] = shape;
    if (std::string_view(name).starts_with("blocks.3")) {
      for (auto& [each, sides] : shapes) {
        if (each.ends_with("q_norm.weight")) sides = shape;
      }
    }
    EXPECT_FALSE(guess_config(shapes).has_value()) << name;
  }
}

}  // namespace
}  // namespace pixnerd::sample
