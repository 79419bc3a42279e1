#include "train/trainer.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <limits>

#include "core/errors.h"
#include "data/loader.h"
#include "diffusion/noise.h"
#include "tests/models/tiny.h"

namespace pixnerd::train {
namespace {

std::shared_ptr<models::Network> small_network() {
  return models::fresh_network(models::tiny_config(), 1);
}

at::Tensor no_class() {
  return models::null_labels(models::tiny_config(), 1);
}

TrainConfig small_config() {
  TrainConfig config;
  config.steps = 100;
  config.learning_rate = 3e-3;
  config.ema_decay = 0.5;
  config.precision = models::Precision::float32;
  return config;
}

// Two flat pictures, one a class.
data::Batch two_pictures() {
  const at::Tensor labels = at::zeros({4}, at::kLong);
  labels.slice(0, 2).fill_(1);
  return {labels.to(at::kFloat).view({4, 1, 1, 1}).expand({4, 3, 8, 8}).contiguous() - 0.5, labels};
}

StepReport step(Trainer& trainer, const data::Batch& batch) {
  at::Generator generator = diffusion::seeded_generator(static_cast<uint64_t>(trainer.steps_taken()));
  return trainer.step({batch.images, batch.labels, diffusion::draw(trainer.flow(), batch.images, generator)});
}

double mean_loss(Trainer& trainer, int steps) {
  double sum = 0;
  for (int i = 0; i < steps; ++i) sum += step(trainer, two_pictures()).loss;
  return sum / steps;
}

// A new network answers nothing, so that its loss is the mean square of what it should answer.
TEST(Trainer, TheNoiseHasTheScaleOfTheNetwork) {
  models::ModelConfig config = models::tiny_config();
  config.noise_scale = 2;
  Trainer trainer(models::fresh_network(config, 1), small_config(), {}, no_class());
  const data::Batch batch = two_pictures();
  at::Generator first = diffusion::seeded_generator(0);
  const diffusion::Draws draws = diffusion::draw(trainer.flow(), batch.images, first);
  EXPECT_NEAR(step(trainer, batch).loss, (batch.images - 2 * draws.noise).square().mean().item<double>(), 1e-4);
}

class Learns : public testing::TestWithParam<models::Precision> {};

TEST_P(Learns, TheLossOfTwoFlatPicturesFalls) {
  TrainConfig config = small_config();
  config.precision = GetParam();
  Trainer trainer(small_network(), config, {}, no_class());
  const double before = mean_loss(trainer, 10);
  mean_loss(trainer, 60);
  EXPECT_LT(mean_loss(trainer, 10), 0.6 * before);
}

INSTANTIATE_TEST_SUITE_P(Precisions, Learns, testing::Values(models::Precision::float32, models::Precision::bfloat16));

// The losses of single steps scatter by a third of their size; means of fifty by a twentieth of it.
TEST(MixedPrecision, TheLossOver200StepsStaysWithinTheNoiseOfFloat32) {
  TrainConfig config = small_config();
  config.steps = 200;
  Trainer exact(small_network(), config, {}, no_class());
  config.precision = models::Precision::bfloat16;
  Trainer mixed(small_network(), config, {}, no_class());
  for (int quarter = 0; quarter < 4; ++quarter) {
    const double expected = mean_loss(exact, 50), found = mean_loss(mixed, 50);
    EXPECT_NEAR(found, expected, 0.05 * expected) << "steps up to " << 50 * (quarter + 1);
  }
}

TEST(Trainer, TheAverageFollowsTheParameters) {
  Trainer trainer(small_network(), small_config(), {}, no_class());
  const auto named = trainer.parameters();
  std::vector<at::Tensor> before;
  for (const auto& [name, tensor] : named) before.push_back(tensor.detach().clone());
  step(trainer, two_pictures());
  const auto average = trainer.averaged_parameters();
  for (size_t i = 0; i < named.size(); ++i) {
    const at::Tensor expected = 0.5 * before[i] + 0.5 * named[i].second.detach();
    EXPECT_LT((average[i].second - expected).abs().max().item<float>(), 1e-6F) << named[i].first;
  }
}

TEST(Trainer, AnAverageThatWarmsUpFollowsCloselyAtFirst) {
  TrainConfig config = small_config();
  config.ema_warmup = true;
  Trainer trainer(small_network(), config, {}, no_class());
  const auto named = trainer.parameters();
  std::vector<at::Tensor> expected;
  for (const auto& [name, tensor] : named) expected.push_back(tensor.detach().clone());
  for (const double decay : {0.1, 2.0 / 11.0, 3.0 / 12.0}) {
    step(trainer, two_pictures());
    for (size_t i = 0; i < named.size(); ++i) {
      expected[i] = decay * expected[i] + (1 - decay) * named[i].second.detach();
      EXPECT_LT((trainer.averaged_parameters()[i].second - expected[i]).abs().max().item<float>(), 1e-6F)
          << named[i].first;
    }
  }
}

TEST(Trainer, ClippingBoundsTheStepButReportsTheWholeNorm) {
  TrainConfig config = small_config();
  config.gradient_clip_norm = 1e-9;
  config.eps = 1.0;  // far above the clipped gradient, so that AdamW's step is proportional to it
  Trainer trainer(small_network(), config, {}, no_class());
  const at::Tensor weight = trainer.parameters().back().second;
  const at::Tensor before = weight.detach().clone();
  EXPECT_GT(step(trainer, two_pictures()).gradient_norm, 1e-3);
  EXPECT_LT((weight.detach() - before).abs().max().item<float>(), 1e-7F);
}

std::vector<at::Tensor> copies_of_state(const Trainer& trainer) {
  std::vector<at::Tensor> copies;
  for (const auto& [name, tensor] : trainer.state()) copies.push_back(tensor.clone());
  return copies;
}

void expect_equal_states(const Trainer& trainer, const std::vector<at::Tensor>& expected) {
  const auto found = trainer.state();
  ASSERT_EQ(found.size(), expected.size());
  for (size_t i = 0; i < found.size(); ++i) EXPECT_TRUE(at::equal(found[i].second, expected[i])) << found[i].first;
}

// A caller may catch the error and go on with the next batch.
TEST(Trainer, AfterAStepThatDivergedItGoesOnAsIfThatHadNotBeen) {
  TrainConfig config = small_config();
  config.micro_batch_size = 2;  // the first part is fine, and its gradients are there when the second one is not
  Trainer trainer(small_network(), config, {}, no_class()), spared(small_network(), config, {}, no_class());
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    data::Batch batch = two_pictures();
    batch.images[3].fill_(bad);
    const auto before = copies_of_state(trainer);
    EXPECT_THROW(step(trainer, batch), DivergedError);
    expect_equal_states(trainer, before);
    for (const auto& [name, parameter] : trainer.parameters()) EXPECT_FALSE(parameter.grad().defined()) << name;
    step(trainer, two_pictures());
    step(spared, two_pictures());
    expect_equal_states(trainer, copies_of_state(spared));
  }
}

// Of a loss that is finite and so large that its gradient is not; and of gradients that somebody else had left.
TEST(Trainer, AGradientThatIsNoNumberLeavesThoseThatWereThere) {
  Trainer trainer(small_network(), small_config(), {}, no_class());
  const data::Batch batch = two_pictures();
  at::Generator generator = diffusion::seeded_generator(1);
  trainer.forward_backward(
      trainer.asked({batch.images, batch.labels, diffusion::draw(trainer.flow(), batch.images, generator)}));
  std::vector<at::Tensor> before;
  for (const auto& [name, parameter] : trainer.parameters()) before.push_back(parameter.grad().clone());
  data::Batch huge = two_pictures();
  huge.images.fill_(1e19F);
  EXPECT_THROW(step(trainer, huge), DivergedError);
  size_t i = 0;
  for (const auto& [name, parameter] : trainer.parameters()) {
    ASSERT_TRUE(parameter.grad().defined()) << name;
    EXPECT_TRUE(at::equal(parameter.grad(), before[i++])) << name;
  }
}

TEST(Trainer, MicroBatchesAddUpToTheBatch) {
  for (const auto& [precision, bound] :
       {std::pair{models::Precision::float32, 1e-5}, {models::Precision::bfloat16, 1e-3}}) {
    TrainConfig config = small_config();
    config.precision = precision;
    Trainer whole(small_network(), config, {}, no_class());
    config.micro_batch_size = 3;  // 3 + 1
    Trainer parts(small_network(), config, {}, no_class());
    for (int i = 0; i < 4; ++i) {
      const StepReport a = step(whole, two_pictures()), b = step(parts, two_pictures());
      EXPECT_NEAR(a.loss, b.loss, bound * a.loss);
      EXPECT_NEAR(a.gradient_norm, b.gradient_norm, 10 * bound * a.gradient_norm);
    }
  }
}

TEST(Trainer, ReportsTheLossByTime) {
  Trainer trainer(small_network(), small_config(), {}, no_class());
  const StepReport report = step(trainer, two_pictures());
  EXPECT_EQ(report.losses.flow.samples(), 4);
  EXPECT_DOUBLE_EQ(report.loss, report.losses.flow.mean());
}

TEST(Trainer, GoesOnFromARestoredStateAsIfNothingHadHappened) {
  Trainer first(small_network(), small_config(), {}, no_class()),
      second(small_network(), small_config(), {}, no_class());
  step(first, two_pictures());
  std::map<std::string, at::Tensor> state;
  for (const auto& [name, tensor] : first.state()) state.emplace(name, tensor.clone());
  step(first, two_pictures());

  second.restore(state, 1, "test");
  step(second, two_pictures());
  EXPECT_EQ(second.steps_taken(), 2);
  const auto expected = first.state(), found = second.state();
  for (size_t i = 0; i < expected.size(); ++i) {
    EXPECT_TRUE(at::equal(expected[i].second, found[i].second)) << expected[i].first;
  }
  state.erase("optimizer.step.x_embedder.embedder.0.weight");
  EXPECT_THROW(second.restore(state, 1, "test"), CheckpointError);
}

TEST(Trainer, TheAveragedNetworkFollowsTheAverage) {
  Trainer trainer(small_network(), small_config(), {}, no_class());
  models::Network& averaged = trainer.averaged_network();
  for (int i = 0; i < 3; ++i) step(trainer, two_pictures());
  const auto expected = trainer.averaged_parameters(), found = averaged.parameters(), trained = trainer.parameters();
  bool differs = false;
  for (size_t i = 0; i < expected.size(); ++i) {
    EXPECT_TRUE(at::equal(expected[i].second, found[i].second)) << expected[i].first;
    differs = differs || !at::equal(expected[i].second, trained[i].second);
  }
  EXPECT_TRUE(differs);
}

}  // namespace
}  // namespace pixnerd::train
