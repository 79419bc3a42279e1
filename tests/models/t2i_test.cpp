// The text-to-image network, and what both networks can do with the size of a picture.
#include <ATen/TensorOperators.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/upsample_nearest2d.h>
#include <gtest/gtest.h>

#include "core/errors.h"
#include "models/byte_prompts.h"
#include "models/precision.h"
#include "tests/models/beside_reference.h"
#include "tests/models/tiny.h"

namespace pixnerd::models {
namespace {

Inputs inputs(const ModelConfig& config, int64_t height, int64_t width) {
  at::Generator generator = diffusion::seeded_generator(12);
  const at::Tensor x = at::randn({2, 3, height, width}, generator);
  return {x, at::full({2}, 0.3), at::randn({2, config.txt_max_length, config.txt_embed_dim}, generator)};
}

class TextToImage : public testing::TestWithParam<std::tuple<ModelType, int, int>> {};

void expect_as_the_reference(Network& network, const Inputs& in) {
  network.set_requires_grad(true);
  const at::Tensor fast = network.velocity(in.x, in.t, in.y);
  fast.square().mean().backward();
  std::vector<at::Tensor> gradients;
  for (auto [name, parameter] : network.parameters()) {
    gradients.push_back(parameter.grad().clone());
    parameter.mutable_grad().reset();
  }
  const at::Tensor slow = reference_of(network)->velocity(in.x, in.t, in.y);
  EXPECT_LT((fast - slow).abs().max().item<float>(), 1e-4F * slow.abs().max().item<float>());
  slow.square().mean().backward();
  size_t i = 0;
  for (const auto& [name, parameter] : network.parameters()) {
    const at::Tensor difference = gradients[i++] - parameter.grad();
    EXPECT_LT(difference.abs().max().item<float>(), 1e-3F * parameter.grad().abs().max().item<float>() + 1e-5F) << name;
  }
}

TEST_P(TextToImage, VelocityAndGradientsAgreeWithTheReference) {
  const auto [type, height, width] = GetParam();
  const auto network = random_network(tiny_text_config(type), 11);
  expect_as_the_reference(*network, inputs(network->config(), height, width));
}

TEST(TextToImage, ReadsBytesWithPooledTextOrWithoutModulationAsTheReference) {
  for (const bool pooled : {true, false}) {
    ModelConfig config = tiny_byte_config(pooled ? Modulation::adaln : Modulation::none);
    config.pooled_text = pooled;
    const auto network = random_network(config, 11);
    Inputs in = inputs(network->config(), 8, 8);
    in.y = bytes_of_texts({"a fox", "ёж"}, network->config());
    expect_as_the_reference(*network, in);
  }
}

INSTANTIATE_TEST_SUITE_P(Sizes, TextToImage,
                         testing::Values(std::tuple{ModelType::t2i, 4, 4}, std::tuple{ModelType::t2i, 12, 20},
                                         std::tuple{ModelType::t2i_heavy, 8, 8},
                                         std::tuple{ModelType::t2i_heavy, 4, 12},
                                         std::tuple{ModelType::t2i_heavy, 14, 6}));

TEST(TextToImage, RecomputedBlocksGiveTheSameGradients) {
  const ModelConfig config = tiny_text_config(ModelType::t2i);
  std::vector<at::Tensor> gradients;
  for (const bool recompute : {false, true}) {
    const auto network = random_network(config, 11);
    network->set_requires_grad(true);
    network->set_mode(Mode::train);
    network->set_recomputed({recompute, recompute});
    const auto [x, t, y] = inputs(config, 8, 8);
    network->velocity(x, t, y).square().mean().backward();
    size_t i = 0;
    for (const auto& [name, parameter] : network->parameters()) {
      if (!recompute) {
        gradients.push_back(parameter.grad().clone());
      } else {
        EXPECT_TRUE(at::allclose(gradients[i++], parameter.grad(), 1e-4, 1e-6)) << name;
      }
    }
  }
}

TEST(TextToImage, HasThePartsOfTheOtherNetworkAsTheReference) {
  for (const auto& [height, width] : {std::pair{8, 8}, {4, 12}, {14, 6}}) {
    ModelConfig config = tiny_text_config(ModelType::t2i_heavy);
    config.parts = NetworkParts::c2i;
    const auto network = random_network(config, 11);
    expect_as_the_reference(*network, inputs(config, height, width));
  }
}

TEST(TextToImage, PooledTextNeedsModulation) {
  ModelConfig config = tiny_text_config(ModelType::t2i);
  config.pooled_text = true;
  EXPECT_NO_THROW(make_network(config));
  config.modulation = Modulation::none;
  EXPECT_THROW(make_network(config), ConfigError);
}

TEST(TextToImage, RefusesStatesOfAnotherShape) {
  const auto network = random_network(tiny_text_config(ModelType::t2i), 11);
  const auto [x, t, y] = inputs(network->config(), 8, 8);
  EXPECT_THROW(network->encode(x, t, y.narrow(1, 0, 2)), RequestError);
  EXPECT_THROW(network->encode(x, t, y.narrow(2, 0, 2)), RequestError);
  EXPECT_THROW(network->encode(x, t, y[0]), RequestError);
}

// Stated bound of mixed precision: 3% of the velocity's size on random weights.
TEST(TextToImage, PackedAndInBfloat16ItStaysWithinItsBound) {
  for (const Precision precision : {Precision::float32, Precision::bfloat16}) {
    const auto network = random_network(tiny_text_config(ModelType::t2i_heavy), 11);
    const auto [x, t, y] = inputs(network->config(), 16, 8);
    const at::NoGradGuard no_grad;
    const at::Tensor exact = network->velocity(x, t, y);
    network->prepare_for_inference(at::kCPU, weight_type(precision));
    const PrecisionScope scope(precision, at::kCPU);
    const at::Tensor found = network->velocity(x, t, y).to(at::kFloat);
    const float bound = precision == Precision::float32 ? 1e-5F : 0.03F;
    EXPECT_LT((found - exact).norm().item<float>(), bound * exact.norm().item<float>());
  }
}

// Both networks on a grid of the caller's choice: the transformer sees the picture at the grid's size, the neural field
// decodes it at its own.
TEST(OnGrid, TheTransformerSeesThePictureResized) {
  for (const ModelConfig& config : {tiny_config(), tiny_text_config(ModelType::t2i)}) {
    const auto network = random_network(config, 11);
    const at::NoGradGuard no_grad;
    auto [x, t, y] = inputs(config, 8, 12);
    if (!config.takes_text()) y = at::full({2}, 1, at::kLong);
    const TokenGrid grid = token_grid(config, 8, 12);
    const at::Tensor larger = at::upsample_nearest2d(x, {24, 24});  // patches of 12 x 8 pixels instead of 4 x 4
    OnGrid on_grid(*network, grid);
    const at::Tensor s = network->encode(x, t, y);
    EXPECT_TRUE(at::equal(on_grid.encode(larger, t, y), s));
    EXPECT_TRUE(at::equal(on_grid.decode(x, t, s), network->decode(x, t, s)));
    EXPECT_EQ(on_grid.decode(larger, t, s).sizes(), larger.sizes());
    EXPECT_THROW(on_grid.decode(x.narrow(2, 0, 7), t, s), RequestError);
  }
}

// In inference the neural field works through the tokens in parts, in training through all of them at once.
TEST(OnGrid, ALargePictureDecodedInPartsIsTheSame) {
  ModelConfig config = tiny_config();
  config.field_width = 64;
  config.num_cond_blocks = 0;
  config.num_blocks = 1;
  const auto network = random_network(config, 11);
  at::Generator generator = diffusion::seeded_generator(3);
  const at::Tensor x = at::randn({1, 3, 4 * 24, 4 * 60}, generator), t = at::full({1}, 0.5);
  const at::Tensor s = at::randn({1, 24 * 60, config.hidden_size}, generator);
  const at::Tensor in_parts = network->decode(x, t, s);
  network->set_mode(Mode::train);
  EXPECT_TRUE(at::allclose(network->decode(x, t, s), in_parts, 1e-5, 1e-5));
}

// With the weights that s predicts, decoding gives the same, in parts too.
TEST(OnGrid, TheFieldsWeightsServeAgain) {
  for (const ModelConfig& config : {tiny_config(), tiny_text_config(ModelType::t2i_heavy)}) {
    const auto network = random_network(config, 11);
    const at::NoGradGuard no_grad;
    auto [x, t, y] = inputs(config, 16, 24);
    if (!config.takes_text()) y = at::full({2}, 1, at::kLong);
    const at::Tensor s = network->encode(x, t, y), weights = network->field_weights(s);
    ASSERT_TRUE(weights.defined());
    EXPECT_TRUE(at::equal(network->decode(x, t, s, weights), network->decode(x, t, s)));
    EXPECT_FALSE(at::equal(network->decode(x + 1, t, s, weights), network->decode(x, t, s)));
    const ModeScope training(*network, Mode::train);
    EXPECT_FALSE(network->field_weights(s).defined());
  }
}

}  // namespace
}  // namespace pixnerd::models
