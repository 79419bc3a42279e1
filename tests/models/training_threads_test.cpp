// Gradients do not depend on how many threads compute them, to the bit, where kernels compute everything.
#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/equal.h>
#include <gtest/gtest.h>

#include "models/precision.h"
#include "nn/share.h"
#include "tests/models/tiny.h"

namespace pixnerd::models {
namespace {

// Large enough that its work is shared.
ModelConfig shared_config() {
  ModelConfig config = tiny_config();
  config.hidden_size = 96;
  config.num_heads = 3;
  config.patch_size = 8;
  config.field_width = 24;
  return config;
}

std::vector<at::Tensor> gradients(Network& network, Precision precision, int threads) {
  at::set_num_threads(threads);
  const nn::TeamScope team(true);
  at::Generator generator = diffusion::seeded_generator(3);
  const at::Tensor x = at::empty({3, 3, 64, 64}).normal_(0, 1, generator);
  at::Tensor loss;
  {
    const PrecisionScope scope(precision, at::kCPU);
    loss = network.velocity(x, x.new_full({3}, 0.5), null_labels(network.config(), 3)).to(at::kFloat).square().mean();
  }
  loss.backward();
  std::vector<at::Tensor> all;
  for (auto [name, parameter] : network.parameters()) {
    all.push_back(parameter.grad());
    parameter.mutable_grad().reset();
  }
  return all;
}

class TrainingThreads : public testing::TestWithParam<Precision> {
 protected:
  void TearDown() override { at::set_num_threads(before_); }
  int before_ = at::get_num_threads();
};

TEST_P(TrainingThreads, GradientsAreTheSameOnAnyNumberOfThem) {
  const auto network = random_network(shared_config(), 1);
  if (!network->trains_by_kernels(GetParam())) GTEST_SKIP() << "no kernels for products in this type";
  network->set_requires_grad(true);
  network->set_mode(Mode::train);
  const std::vector<at::Tensor> alone = gradients(*network, GetParam(), 1);
  for (const int threads : {2, 3}) {
    const std::vector<at::Tensor> together = gradients(*network, GetParam(), threads);
    for (size_t i = 0; i < alone.size(); ++i) {
      EXPECT_TRUE(at::equal(together[i], alone[i])) << network->parameters()[i].first << ", " << threads << " threads";
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Types, TrainingThreads, testing::Values(Precision::float32, Precision::bfloat16),
                         [](const auto& type) { return std::string(name_of(type.param)); });

}  // namespace
}  // namespace pixnerd::models
