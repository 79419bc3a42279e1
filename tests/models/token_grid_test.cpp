#include "models/token_grid.h"

#include <gtest/gtest.h>

#include "core/errors.h"
#include "tests/core/thrown.h"

namespace pixnerd::models {
namespace {

ModelConfig heavy() {
  ModelConfig config;
  config.type = ModelType::t2i_heavy;
  return config;
}

TEST(TokenGrid, PlainNetworksTakeAnyMultipleOfThePatch) {
  ModelConfig config;
  for (const ModelType type : {ModelType::c2i, ModelType::t2i}) {
    config.type = type;
    EXPECT_EQ(token_grid(config, 256, 512), (TokenGrid{16, 32}));
    EXPECT_EQ(token_grid(config, 16, 48), (TokenGrid{1, 3}));
    EXPECT_THROW(token_grid(config, 250, 256), RequestError);
    EXPECT_THROW(token_grid(config, 0, 256), RequestError);
  }
}

TEST(TokenGrid, TheHeavyDecoderKeepsTheGridOfItsBaseSize) {
  for (const int64_t side : {128, 256, 512, 544, 1024}) {
    EXPECT_EQ(token_grid(heavy(), side, 512), (TokenGrid{32, 32})) << side;
  }
  const std::string message = thrown<RequestError>([] { token_grid(heavy(), 512, 500); });
  EXPECT_NE(message.find("480 or 512"), std::string::npos) << message;
  EXPECT_NE(message.find("width"), std::string::npos) << message;
}

TEST(TokenGrid, AGivenScalingGivesBothGridsTheSameTokens) {
  ModelConfig config = heavy();
  config.decoder_patch_scaling = {2.0, 1.5};
  EXPECT_EQ(token_grid(config, 64, 48), (TokenGrid{2, 2}));
  EXPECT_EQ(token_grid(config, 32, 96), (TokenGrid{1, 4}));
  EXPECT_THROW(token_grid(config, 48, 48), RequestError);
  config.decoder_patch_scaling = {0.5, 3.0};
  EXPECT_EQ(token_grid(config, 16, 96), (TokenGrid{2, 2}));
}

TEST(TokenGrid, TheBaseSizeCountsOnlyWithoutAScaling) {
  ModelConfig config = heavy();
  config.patch_size = 12;  // does not divide 512
  EXPECT_NE(thrown<ConfigError>([&] { config.validate(); }).find("decoder_base_size 512"), std::string::npos);
  config.decoder_patch_scaling = {1.25, 1.75};
  config.validate();
  EXPECT_EQ(token_grid(config, 30, 63), (TokenGrid{2, 3}));
  config.decoder_patch_scaling.reset();
  config.decoder_base_size = whole_patches(512, config.patch_size);
  config.validate();
  EXPECT_EQ(token_grid(config, 504, 504), (TokenGrid{42, 42}));
  EXPECT_EQ(whole_patches(512, 16), 512);
  EXPECT_EQ(whole_patches(10, 16), 16);
}

TEST(TokenGrid, AScalingThatFitsNoSizeIsNamed) {
  ModelConfig config = heavy();
  config.decoder_patch_scaling = {1.3, 1.0};  // patches of 20 pixels, of which the transformer sees 15.4
  const std::string message = thrown<RequestError>([&] { token_grid(config, 40, 32); });
  EXPECT_NE(message.find("1.3"), std::string::npos) << message;
}

TEST(TokenGrid, OnlyWholePatchesAreDecoded) {
  EXPECT_NO_THROW(check_decodable({2, 3}, 10, 9));
  EXPECT_THROW(check_decodable({2, 3}, 10, 10), RequestError);
  EXPECT_THROW(check_decodable({2, 3}, 0, 9), RequestError);
}

}  // namespace
}  // namespace pixnerd::models
