#include "checkpoint/quantised.h"

#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <limits>

#include "core/errors.h"
#include "tests/core/thrown.h"

namespace pixnerd::checkpoint {
namespace {

using Tensors = std::map<std::string, at::Tensor>;

Tensors good() {
  return {{"a.weight", at::zeros({2, 3}, at::kChar)},
          {"a.weight_scale", at::ones({2})},
          {"a.bias", at::zeros({2})},
          {"b.weight", at::zeros({2, 3})}};
}

std::string refusal(const std::string& name, const at::Tensor& tensor) {
  Tensors tensors = good();
  tensors[name] = tensor;
  if (!tensor.defined()) tensors.erase(name);
  return thrown<CheckpointError>([&] { take_scales(tensors, "x.safetensors"); });
}

TEST(TakeScales, ParametersAreLeft) {
  Tensors tensors = good();
  const Tensors scales = take_scales(tensors, "x.safetensors");
  ASSERT_EQ(scales.size(), 1U);
  EXPECT_EQ(scales.at("a.weight").sizes(), at::IntArrayRef({2}));
  EXPECT_EQ(tensors.size(), 3U);
  EXPECT_TRUE(has_quantised(tensors));
  tensors.erase("a.weight");
  EXPECT_FALSE(has_quantised(tensors));
}

TEST(TakeScales, HostileFilesAreRefusedByName) {
  const auto expect = [](const std::string& message, const std::string& part) {
    EXPECT_NE(message.find("x.safetensors"), std::string::npos) << message;
    EXPECT_NE(message.find(part), std::string::npos) << message;
  };
  expect(refusal("a.weight_scale", {}), "a.weight_scale is missing");
  expect(refusal("a.weight_scale", at::ones({3})), "a.weight_scale has shape [3], but a.weight has 2 rows");
  expect(refusal("a.weight_scale", at::ones({2, 1})), "a.weight_scale has shape [2, 1]");
  expect(refusal("a.weight_scale", at::ones({2}, at::kDouble)), "a.weight_scale has dtype Double");
  expect(refusal("a.weight_scale", at::ones({2}, at::kChar)), "a.weight_scale has dtype Char");
  for (const float wrong : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(), -1.0F}) {
    expect(refusal("a.weight_scale", at::full({2}, wrong)), "a.weight_scale has the value ");
  }
  expect(refusal("b.weight_scale", at::ones({2})), "b.weight_scale belongs to no I8 entry");
  expect(refusal("a.bias", at::zeros({2}, at::kChar)), "a.bias is I8 and has shape [2], but is no matrix");
}

}  // namespace
}  // namespace pixnerd::checkpoint
