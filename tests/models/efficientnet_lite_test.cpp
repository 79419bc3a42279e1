#include "models/efficientnet_lite.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <gtest/gtest.h>

#include "core/errors.h"
#include "tests/core/thrown.h"
#include "tests/models/efficientnet_weights.h"

namespace pixnerd::models {
namespace {

TEST(EfficientNetLite, InputIsScaledAsInTraining) {
  const at::Tensor pictures = at::full({1, 2, 3, 3}, 255, at::kByte);
  const at::Tensor input = efficientnet_input(pictures);
  EXPECT_EQ(input.sizes(), at::IntArrayRef({1, 3, 2, 3}));
  EXPECT_TRUE(input.eq(1).all().item<bool>());
}

class RandomLite : public testing::Test {
 protected:
  FrozenWeights weights_{efficientnet_weights(), "random"};
  at::Tensor x_ = at::randn({2, 3, 32, 48}, at::make_generator<at::CPUGeneratorImpl>(1));
};

TEST_F(RandomLite, StagesLieBeforeEachHalving) {
  const std::vector<at::Tensor> stages = EfficientNetLite(weights_).stages(x_);
  ASSERT_EQ(stages.size(), 4U);
  EXPECT_EQ(stages[0].sizes(), at::IntArrayRef({2, 16, 16, 24}));
  EXPECT_EQ(stages[1].sizes(), at::IntArrayRef({2, 24, 8, 12}));
  EXPECT_EQ(stages[2].sizes(), at::IntArrayRef({2, 40, 4, 6}));
  EXPECT_EQ(stages[3].sizes(), at::IntArrayRef({2, 112, 2, 3}));
}

TEST_F(RandomLite, InTrainingItComputesTheSameAndHasGradients) {
  const EfficientNetLite plain(weights_), trained(weights_, at::kFloat, at::kCPU, Mode::train);
  EXPECT_TRUE(at::allclose(plain(x_).logits, trained(x_).logits, 1e-3, 1e-4));
  const at::Tensor x = x_.clone().requires_grad_();
  const std::vector<at::Tensor> expected = plain.stages(x_), stages = trained.stages(x);
  for (size_t i = 0; i < stages.size(); ++i) {
    EXPECT_TRUE(at::allclose(stages[i], expected[i], 1e-3, 1e-4)) << i;
    EXPECT_TRUE(stages[i].requires_grad()) << i;
  }
  stages.back().square().mean().backward();
  EXPECT_GT(x.grad().abs().max().item<double>(), 0);
}

// What it computes is compared with its Python package (tests/eval/networks_test.py).
TEST(EfficientNetLite, RefusesOtherNetworks) {
  const std::string message = thrown<CheckpointError>([] {
    EfficientNetLite({{{"_fc.bias", at::zeros({10})}}, "x.pth"});
  });
  EXPECT_NE(message.find("checkpoint 'x.pth': "), std::string::npos) << message;
  EXPECT_NE(message.find("is missing"), std::string::npos) << message;
}

}  // namespace
}  // namespace pixnerd::models
