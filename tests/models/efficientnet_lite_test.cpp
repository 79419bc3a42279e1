#include "models/efficientnet_lite.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "core/errors.h"
#include "tests/core/thrown.h"

namespace pixnerd::models {
namespace {

TEST(EfficientNetLite, InputIsScaledAsInTraining) {
  const at::Tensor pictures = at::full({1, 2, 3, 3}, 255, at::kByte);
  const at::Tensor input = efficientnet_input(pictures);
  EXPECT_EQ(input.sizes(), at::IntArrayRef({1, 3, 2, 3}));
  EXPECT_TRUE(input.eq(1).all().item<bool>());
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
