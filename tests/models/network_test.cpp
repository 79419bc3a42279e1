#include "models/network.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/linspace.h>
#include <ATen/ops/mse_loss.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include "core/errors.h"
#include "diffusion/noise.h"
#include "models/cost.h"
#include "models/precision.h"
#include "tests/core/thrown.h"
#include "tests/models/beside_reference.h"
#include "tests/models/tiny.h"

namespace pixnerd::models {
namespace {

Inputs inputs(int64_t height, int64_t width) {
  at::Generator generator = diffusion::seeded_generator(12);
  const at::Tensor x = at::randn({2, 3, height, width}, generator);
  return {x, at::full({2}, 0.3), at::full({2}, 2, at::kLong)};
}

// Each picture with its own t and label, so that a part which took another's would show.
TEST(Network, PartsOfALargeBatchAreThePicturesAlone) {
  const auto network = random_network(tiny_config(), 21);
  const int64_t side = 112, tokens = (side / 4) * (side / 4), batch = 2 * (kEncodedTokens / tokens) + 1;
  at::Generator generator = diffusion::seeded_generator(13);
  const at::Tensor x = at::randn({batch, 3, side, side}, generator), t = at::linspace(0.1, 0.9, batch);
  const at::Tensor y = at::arange(batch).remainder(3);
  const at::NoGradGuard no_grad;
  const at::Tensor together = network->encode(x, t, y);
  ASSERT_EQ(together.size(0), batch);
  for (int64_t i = 0; i < batch; ++i) {
    const at::Tensor alone = network->encode(x.narrow(0, i, 1), t.narrow(0, i, 1), y.narrow(0, i, 1));
    EXPECT_TRUE(at::allclose(together.narrow(0, i, 1), alone, 1e-5, 1e-5)) << i;
  }
}

// In training 1 - t is at least .05, so that the loss stays bounded; a sampler arrives at the image. Neither has to do
// with gradients.
TEST(Network, TheModeAndNothingElseSaysWhichFunctionItComputes) {
  ModelConfig config = tiny_config();
  config.prediction = Prediction::image;
  const auto network = random_network(config, 22);
  network->set_requires_grad(true);
  const Inputs given = inputs(8, 8);
  const at::Tensor t = at::full({2}, 0.98);
  const auto velocity = [&](Mode mode, bool gradients) {
    const at::AutoGradMode recorded(gradients);
    const ModeScope scope(*network, mode);
    const at::Tensor v = network->velocity(given.x, t, given.y);
    EXPECT_EQ(v.requires_grad(), gradients);
    EXPECT_TRUE(at::allclose(v, reference_of(*network)->velocity(given.x, t, given.y), 1e-4, 1e-3));
    return v.detach();
  };
  EXPECT_EQ(network->mode(), Mode::infer);
  const at::Tensor in_training = velocity(Mode::train, true), in_sampling = velocity(Mode::infer, false);
  EXPECT_TRUE(at::allclose(0.02 * in_sampling, 0.05 * in_training, 1e-4, 1e-5));
  EXPECT_TRUE(at::equal(velocity(Mode::train, false), in_training));
  EXPECT_TRUE(at::allclose(velocity(Mode::infer, true), in_sampling, 1e-5, 1e-4));
  EXPECT_EQ(network->mode(), Mode::infer);
}

// A batch that inference would take in parts, and blocks that are recomputed: to the bit what training saw.
TEST(Network, WithoutGradientsTheTrainingFunctionIsTheSame) {
  const auto network = random_network(tiny_config(), 21);
  network->set_requires_grad(true);
  network->set_mode(Mode::train);
  network->set_recomputed({true, true});
  at::Generator generator = diffusion::seeded_generator(13);
  const at::Tensor x = at::randn({6, 3, 112, 112}, generator), t = at::linspace(0.1, 0.9, 6);
  const at::Tensor y = at::arange(6).remainder(3);
  const at::Tensor with_gradients = network->velocity(x, t, y).detach();
  const at::NoGradGuard no_grad;
  EXPECT_TRUE(at::equal(network->velocity(x, t, y), with_gradients));
}

class AgainstReference : public testing::TestWithParam<std::tuple<int, int, Prediction>> {};

TEST_P(AgainstReference, VelocityAndGradientsAgreeOnAnyGrid) {
  const auto [height, width, prediction] = GetParam();
  ModelConfig config = tiny_config();
  config.prediction = prediction;
  const auto network = random_network(config, 11);
  network->set_requires_grad(true);
  const auto [x, t, y] = inputs(height, width);
  const at::Tensor fast = network->velocity(x, t, y);
  fast.square().mean().backward();
  std::vector<at::Tensor> gradients;
  for (auto [name, parameter] : network->parameters()) {
    gradients.push_back(parameter.grad().clone());
    parameter.mutable_grad().reset();
  }
  const at::Tensor slow = reference_of(*network)->velocity(x, t, y);
  EXPECT_TRUE(at::allclose(fast, slow, 1e-4, 1e-4));
  slow.square().mean().backward();
  size_t i = 0;
  for (const auto& [name, parameter] : network->parameters()) {
    EXPECT_TRUE(at::allclose(gradients[i++], parameter.grad(), 1e-3, 1e-4)) << name;
  }
}

INSTANTIATE_TEST_SUITE_P(Grids, AgainstReference,
                         testing::Values(std::tuple{4, 4, Prediction::velocity},
                                         std::tuple{12, 20, Prediction::velocity},
                                         std::tuple{20, 4, Prediction::image}));

TEST(Network, RefusesSizesThatAreNoMultiplesOfThePatch) {
  const auto network = random_network(tiny_config(), 11);
  const auto [x, t, y] = inputs(8, 10);
  try {
    network->encode(x, t, y);
    FAIL() << "accepted 10x8 with patches of 4";
  } catch (const RequestError& error) {
    EXPECT_NE(std::string(error.what()).find("10x8"), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find("multiple of 4"), std::string::npos) << error.what();
  }
}

TEST(Network, RefusesSizesThatDoNotFitEachOther) {
  ModelConfig heads = tiny_config();
  heads.num_heads = 5;
  EXPECT_THROW(make_network(heads), ConfigError);
  ModelConfig rope = tiny_config();
  rope.num_heads = 8;  // head width 2
  EXPECT_THROW(make_network(rope), ConfigError);
  ModelConfig blocks = tiny_config();
  blocks.num_cond_blocks = 3;
  EXPECT_THROW(make_network(blocks), ConfigError);
  ModelConfig classes = tiny_config();
  classes.num_classes = 0;
  EXPECT_THROW(make_network(classes), ConfigError);
}

TEST(Network, ConditioningIsReusedAsItIs) {
  const auto network = random_network(tiny_config(), 11);
  const auto [x, t, y] = inputs(8, 8);
  const at::Tensor s = network->encode(x, t, y);
  EXPECT_TRUE(at::equal(network->decode(x, t, s), network->velocity(x, t, y)));
  EXPECT_FALSE(at::equal(network->decode(x + 1, t, s), network->decode(x, t, s)));
}

TEST(Network, AdoptsTensorsWithoutCopyingAndNamesWhatIsWrong) {
  const auto source = random_network(tiny_config(), 11);
  std::map<std::string, at::Tensor> tensors;
  for (const auto& [name, parameter] : source->parameters()) tensors.emplace(name, parameter);
  const auto network = make_network(tiny_config());
  network->adopt(tensors, "x.safetensors");
  EXPECT_EQ(network->parameters().front().second.data_ptr(), source->parameters().front().second.data_ptr());

  tensors.erase("blocks.0.norm2.weight");
  try {
    network->adopt(tensors, "x.safetensors");
    FAIL();
  } catch (const CheckpointError& error) {
    EXPECT_NE(std::string(error.what()).find("blocks.0.norm2.weight"), std::string::npos) << error.what();
  }
}

TEST(Network, ImagePredictionAtItsTargetHasTheStraightVelocity) {
  ModelConfig config = tiny_config();
  config.prediction = Prediction::image;
  const auto network = fresh_network(config, 1);  // the final layer is zero: the image is predicted to be 0
  const auto [x, t, y] = inputs(4, 8);
  EXPECT_TRUE(at::allclose(network->velocity(x, t, y), -x / 0.7, 1e-5, 1e-6));
}

// Stated bound of mixed precision: 3% of the velocity's size on random weights.
TEST(Network, Bfloat16StaysWithinItsBoundOfFloat32) {
  const auto network = random_network(tiny_config(), 11);
  const auto [x, t, y] = inputs(16, 16);
  const at::NoGradGuard no_grad;
  const at::Tensor exact = network->velocity(x, t, y);
  network->to(at::kCPU, weight_type(Precision::bfloat16));
  const PrecisionScope scope(Precision::bfloat16, at::kCPU);
  const at::Tensor rounded = network->velocity(x, t, y).to(at::kFloat);
  EXPECT_LT((rounded - exact).norm().item<float>(), 0.03F * exact.norm().item<float>());
  EXPECT_FALSE(at::equal(rounded, exact));
}

TEST(Network, PreparedForOnePrecisionItRefusesOthers) {
  for (const Precision precision : {Precision::float32, Precision::bfloat16}) {
    const Precision other = precision == Precision::float32 ? Precision::bfloat16 : Precision::float32;
    const auto network = random_network(tiny_config(), 11);
    const auto [x, t, y] = inputs(8, 8);
    EXPECT_NO_THROW(require_precision(*network, other));
    EXPECT_THROW(require_precision(*network, Precision::int8), RequestError);
    network->prepare_for_inference(at::kCPU, weight_type(precision));
    EXPECT_EQ(network->prepared_precision(), precision);
    EXPECT_NO_THROW(network->prepare_for_inference(at::kCPU, weight_type(precision)));
    EXPECT_THROW(network->prepare_for_inference(at::kCPU, weight_type(other)), RequestError);
    EXPECT_THROW(require_precision(*network, other), RequestError);
    const at::NoGradGuard no_grad;
    const PrecisionScope scope(precision, at::kCPU);
    const at::Tensor s = network->encode(x, t, y);
    const PrecisionScope within(other, at::kCPU);
    EXPECT_NE(thrown<RequestError>([&] { network->encode(x, t, y); }).find("prepared for"), std::string::npos);
    EXPECT_THROW(network->decode(x, t, s), RequestError);
    EXPECT_THROW(network->field_weights(s), RequestError);
  }
}

TEST(Network, PackedForInferenceItComputesTheSame) {
  for (const Precision precision : {Precision::float32, Precision::bfloat16}) {
    const auto network = random_network(tiny_config(), 11), packed = random_network(tiny_config(), 11);
    const auto [x, t, y] = inputs(16, 16);
    const at::NoGradGuard no_grad;
    const PrecisionScope scope(precision, at::kCPU);
    network->to(at::kCPU, weight_type(precision));
    packed->prepare_for_inference(at::kCPU, weight_type(precision));
    const at::Tensor expected = network->velocity(x, t, y).to(at::kFloat);
    const at::Tensor found = packed->velocity(x, t, y).to(at::kFloat);
    const float bound = precision == Precision::float32 ? 1e-5F : 0.01F;
    EXPECT_LT((found - expected).norm().item<float>(), bound * expected.norm().item<float>());
  }
}

}  // namespace
}  // namespace pixnerd::models
