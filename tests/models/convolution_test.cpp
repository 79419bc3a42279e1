#include "models/convolution.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <gtest/gtest.h>

namespace pixnerd::models {
namespace {

using nn::Activation;

struct Shape {
  std::array<int64_t, 4> weight;
  nn::ConvolutionForm form;
};

// Convolution, norm and activation one after the other, as PyTorch has them.
TEST(FoldedConvolution, IsConvolutionNormAndActivation) {
  const auto generator = at::make_generator<at::CPUGeneratorImpl>(2);
  const at::Tensor x = at::randn({2, 4, 9, 11}, generator) * 3;
  for (const auto& [sizes, form] : {Shape{{8, 4, 1, 7}, {{1, 1}, {0, 3}, 1, Activation::relu}},
                                    Shape{{8, 4, 3, 3}, {{2, 2}, {0, 0}, 1, Activation::none}},
                                    Shape{{4, 1, 5, 5}, {{2, 2}, {2, 2}, 4, Activation::relu6}}}) {
    const at::Tensor weight = at::randn(sizes, generator);
    const auto part = [&] { return at::rand({sizes[0]}, generator) + 0.5; };
    const BatchNorm norm{part(), part(), part(), part(), 1e-3};
    const at::Tensor convolved = at::conv2d(x, weight, {}, form.stride, form.padding, 1, form.groups);
    at::Tensor expected =
        at::batch_norm(convolved, norm.weight, norm.bias, norm.mean, norm.variance, false, 0, norm.eps, false);
    if (form.activation == Activation::relu) expected = expected.relu();
    if (form.activation == Activation::relu6) expected = expected.clamp(0, 6);
    const at::Tensor input = x.contiguous(at::MemoryFormat::ChannelsLast);
    const at::Tensor full = FoldedConvolution(weight, norm, form, at::kFloat)(input);
    EXPECT_TRUE(at::allclose(full, expected, 1e-4, 1e-4)) << sizes[0];
    const at::Tensor half = FoldedConvolution(weight, norm, form, at::kBFloat16)(input.to(at::kBFloat16));
    EXPECT_LT((half.to(at::kFloat) - expected).norm().item<double>(), 0.02 * expected.norm().item<double>());
  }
}

}  // namespace
}  // namespace pixnerd::models
