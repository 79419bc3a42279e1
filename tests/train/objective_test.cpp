#include "train/objective.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "core/errors.h"
#include "diffusion/noise.h"
#include "models/precision.h"
#include "tests/models/efficientnet_weights.h"
#include "tests/models/tiny.h"
#include "train/perceptual.h"

namespace pixnerd::train {
namespace {

at::Tensor random(at::IntArrayRef shape, uint64_t seed) {
  at::Generator generator = diffusion::seeded_generator(seed);
  return at::randn(shape, generator);
}

// The official trainer's formula, pair by pair.
double dispersive_by_hand(const at::Tensor& tokens, double temperature) {
  const int64_t batch = tokens.size(0), count = tokens.size(1), width = tokens.size(2);
  std::vector<std::vector<double>> z(batch, std::vector<double>(width));
  for (int64_t b = 0; b < batch; ++b) {
    for (int64_t d = 0; d < width; ++d) {
      for (int64_t l = 0; l < count; ++l) z[b][d] += tokens[b][l][d].item<double>() / static_cast<double>(count);
    }
  }
  double sum = 0;
  for (int64_t i = 0; i < batch; ++i) {
    for (int64_t j = 0; j < batch; ++j) {
      if (i == j) continue;
      double distance = 0;
      for (int64_t d = 0; d < width; ++d) distance += (z[i][d] - z[j][d]) * (z[i][d] - z[j][d]);
      sum += std::exp(-distance / temperature);
    }
  }
  return std::log(sum / static_cast<double>(batch * batch) + 1e-6);
}

TEST(Dispersive, IsTheOfficialFormula) {
  for (const double temperature : {0.5, 1.0, 3.0}) {
    const at::Tensor tokens = random({5, 3, 7}, 1);
    EXPECT_NEAR(dispersive_loss(tokens, temperature).item<double>(), dispersive_by_hand(tokens, temperature), 1e-5);
  }
  EXPECT_NEAR(dispersive_loss(random({1, 3, 7}, 1), 1.0).item<double>(), std::log(1e-6), 1e-4);  // no pair
}

TEST(Dispersive, ItsGradientIsThatOfDifferences) {
  at::Tensor tokens = (random({3, 2, 4}, 2) * 0.5).requires_grad_();
  dispersive_loss(tokens, 1.0).backward();
  const c10::NoGradGuard no_grad;
  for (const auto& [b, d] : {std::pair{0, 1}, {2, 3}}) {
    constexpr double kStep = 1e-3;
    const auto at = [&](double step) {
      at::Tensor moved = tokens.detach().clone();
      moved[b][1][d] += step;
      return dispersive_by_hand(moved, 1.0);
    };
    EXPECT_NEAR(tokens.grad()[b][1][d].item<double>(), (at(kStep) - at(-kStep)) / (2 * kStep), 2e-4);
  }
}

TEST(Repa, OneMinusTheCosine) {
  const at::Tensor features = random({2, 4, 6}, 3);
  EXPECT_NEAR(alignment_losses(3 * features, features).max().item<double>(), 0.0, 1e-6);
  EXPECT_NEAR(alignment_losses(-features, features).min().item<double>(), 2.0, 1e-6);
}

TEST(Repa, TokensBeyondTheTeachersAreLeftOut) {
  const at::Tensor projected = random({2, 6, 5}, 4), features = random({2, 4, 5}, 5);
  EXPECT_TRUE(at::equal(alignment_losses(projected, features),
                        alignment_losses(projected.narrow(1, 0, 4).contiguous(), features)));
  EXPECT_THROW(alignment_losses(features, projected), RequestError);
}

TEST(Repa, TheProjectorBeginsAsTorchsLinear) {
  Projector projector(16, 8, 4);
  at::Generator generator = diffusion::seeded_generator(1);
  projector.initialise(generator);
  ASSERT_EQ(projector.parameters().size(), 6U);
  EXPECT_EQ(projector.parameters()[0].first, "proj.0.0.weight");
  EXPECT_EQ(projector.parameters()[5].first, "proj.0.4.bias");
  EXPECT_LE(projector.parameters()[0].second.abs().max().item<double>(), 0.25);
  EXPECT_GT(projector.parameters()[0].second.abs().max().item<double>(), 0.2);
  EXPECT_EQ(projector(random({2, 3, 16}, 1)).sizes(), (std::vector<int64_t>{2, 3, 4}));
}

MicroBatch some_batch(const at::Tensor& features) {
  const at::Tensor x = random({3, 3, 8, 8}, 6);
  return {{x, at::full({3}, 0.4), random({3, 3, 8, 8}, 7), at::zeros({3}, at::kLong)}, x, features};
}

TEST(Objective, WeighsWhatItIsMadeOf) {
  const auto network = models::random_network(models::tiny_config(), 1);
  network->set_mode(models::Mode::train);
  const MicroBatch batch = some_batch(random({3, 4, 5}, 8));
  RepaConfig repa;
  repa.weight = 0.5;
  repa.block = 1;
  DispersiveConfig dispersive;
  dispersive.weight = 0.25;
  dispersive.block = 1;
  Projector projector(16, 16, 5);
  at::Generator generator = diffusion::seeded_generator(1);
  projector.initialise(generator);
  const Objective objective({.repa = repa, .dispersive = dispersive}, projector, {});
  const Losses losses = objective(*network, batch);
  EXPECT_TRUE(at::allclose(losses.flow, Objective()(*network, batch).flow));
  const at::Tensor aligned = losses.beside[SideLoss::repa], kept_apart = losses.beside[SideLoss::dispersive];
  EXPECT_TRUE(at::allclose(objective.total(losses), losses.flow + 0.5 * aligned + 0.25 * kept_apart));
  EXPECT_TRUE(at::equal(kept_apart[0], kept_apart[2]));
  EXPECT_FALSE(losses.beside[SideLoss::frequency].defined());
}

// Three pictures of 16 x 16 at the times .1, .4 and .8, and a network of random weights.
class LossesOfPictures : public testing::Test {
 protected:
  LossesOfPictures() { network_->set_mode(models::Mode::train); }

  at::Tensor velocity() const {
    const diffusion::FlowSample& flow = batch_.flow;
    return network_->velocity(flow.x_t, flow.t, flow.condition);
  }

  std::shared_ptr<models::Network> network_ = models::random_network(models::tiny_config(), 1);
  at::Tensor t_ = at::tensor({0.1F, 0.4F, 0.8F}), images_ = random({3, 3, 16, 16}, 6).tanh();
  MicroBatch batch_{{random({3, 3, 16, 16}, 7), t_, random({3, 3, 16, 16}, 8), at::zeros({3}, at::kLong)}, images_, {}};
};

TEST_F(LossesOfPictures, ErrorsHaveTheirFrequenciesFromATimeOn) {
  FrequencyConfig frequency;
  frequency.weight = 0.5;
  frequency.quality = 70;
  const auto losses = [&] { return Objective({.frequency = frequency}, {}, {})(*network_, batch_); };
  const at::Tensor errors = velocity() - batch_.flow.velocity;
  const Losses all = losses();
  EXPECT_TRUE(at::allclose(all.beside[SideLoss::frequency], FrequencyLoss(70)(errors)));
  EXPECT_TRUE(at::allclose(Objective({.frequency = frequency}, {}, {}).total(all),
                           all.flow + 0.5 * all.beside[SideLoss::frequency]));

  frequency.of = FrequencyErrors::image;
  frequency.from = 0.4;
  const at::Tensor gated = losses().beside[SideLoss::frequency];
  EXPECT_EQ(gated[0].item<float>(), 0);
  const at::Tensor expected = FrequencyLoss(70)(errors) * (1 - t_).square();
  EXPECT_TRUE(at::allclose(gated.slice(0, 1), expected.slice(0, 1)));

  frequency.from = 0.9;
  EXPECT_TRUE(at::equal(losses().beside[SideLoss::frequency], at::zeros({3})));
}

TEST_F(LossesOfPictures, PicturesAreLookedAtFromATimeOn) {
  const auto eye = std::make_shared<const models::EfficientNetLite>(
      models::FrozenWeights{models::efficientnet_weights(), "random"}, at::kFloat, at::kCPU, models::Mode::train);
  PerceptualConfig perceptual;
  perceptual.weight = 0.1;
  perceptual.network = "random";
  perceptual.from = 0.3;
  network_->set_requires_grad(true);
  const Objective objective({.perceptual = perceptual}, {}, {.eye = eye});
  const Losses losses = objective(*network_, batch_);
  const at::Tensor seen = losses.beside[SideLoss::perceptual];
  const at::Tensor image = batch_.flow.x_t + (1 - t_).view({3, 1, 1, 1}) * velocity();
  EXPECT_EQ(seen[0].item<float>(), 0);
  EXPECT_TRUE(at::allclose(seen.slice(0, 1), perceptual_losses(*eye, image, images_).slice(0, 1), 1e-4, 1e-6));
  seen.sum().backward();
  double largest = 0;
  for (const auto& [name, parameter] : network_->parameters()) {
    if (parameter.grad().defined()) largest = std::max(largest, parameter.grad().abs().max().item<double>());
  }
  EXPECT_GT(largest, 0);
}

// In bfloat16 the network computes, and what its answers are worth is still told in float32.
TEST_F(LossesOfPictures, AreToldInFloat32) {
  FrequencyConfig frequency;
  frequency.weight = 1;
  const models::PrecisionScope precision(models::Precision::bfloat16, at::kCPU);
  const Losses losses = Objective({.frequency = frequency}, {}, {})(*network_, batch_);
  EXPECT_EQ(losses.beside[SideLoss::frequency].scalar_type(), at::kFloat);
  const at::Tensor errors = velocity().to(at::kFloat) - batch_.flow.velocity;
  const models::PrecisionScope exact(models::Precision::float32, at::kCPU);
  EXPECT_TRUE(at::allclose(losses.beside[SideLoss::frequency], FrequencyLoss(85)(errors), 1e-6, 1e-7));
}

TEST(Losses, OfPartsAreThoseOfTheWhole) {
  Losses first{at::full({2}, 1.0), {}}, second{at::full({1}, 2.0), {}};
  first.beside[SideLoss::frequency] = at::full({2}, 3.0);
  second.beside[SideLoss::frequency] = at::full({1}, 4.0);
  const Losses whole = joined({first, second});
  EXPECT_TRUE(at::equal(whole.flow, at::tensor({1.0F, 1.0F, 2.0F})));
  EXPECT_TRUE(at::equal(whole.beside[SideLoss::frequency], at::tensor({3.0F, 3.0F, 4.0F})));
  EXPECT_FALSE(whole.beside[SideLoss::repa].defined());
}

TEST(Objective, ABlockThatIsNotThereIsRefused) {
  const auto network = models::random_network(models::tiny_config(), 1);
  DispersiveConfig dispersive;
  dispersive.weight = 1;
  dispersive.block = 2;
  EXPECT_THROW(Objective({.dispersive = dispersive}, {}, {})(*network, some_batch({})), RequestError);
}

// A block that is computed again in the backward pass gives the same gradients.
TEST(Objective, RecomputedBlocksChangeNothing) {
  const auto network = models::random_network(models::tiny_config(), 1);
  network->set_requires_grad(true);
  network->set_mode(models::Mode::train);
  DispersiveConfig dispersive;
  dispersive.weight = 1;
  dispersive.block = 1;
  const Objective objective({.dispersive = dispersive}, {}, {});
  std::vector<at::Tensor> before;
  for (const bool recomputed : {false, true}) {
    network->set_recomputed({recomputed, recomputed});
    for (auto [name, parameter] : network->parameters()) parameter.mutable_grad().reset();
    objective.total(objective(*network, some_batch({}))).mean().backward();
    size_t i = 0;
    for (const auto& [name, parameter] : network->parameters()) {
      if (!recomputed) before.push_back(parameter.grad().clone());
      EXPECT_TRUE(at::allclose(parameter.grad(), before[i++], 1e-4, 1e-6)) << name;
    }
  }
}

}  // namespace
}  // namespace pixnerd::train
