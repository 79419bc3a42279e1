#include "train/frequency.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <vector>

namespace pixnerd::train {
namespace {

constexpr int64_t kBlock = 8, kColours = 3;

// ITU-T T.81, tables K.1 and K.2.
constexpr std::array<int, 64> kLuminance = {16, 11, 10, 16, 24,  40,  51,  61,  12, 12, 14, 19, 26,  58,  60,  55,
                                            14, 13, 16, 24, 40,  57,  69,  56,  14, 17, 22, 29, 51,  87,  80,  62,
                                            18, 22, 37, 56, 68,  109, 103, 77,  24, 35, 55, 64, 81,  104, 113, 92,
                                            49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99};
constexpr std::array<int, 64> kChrominance = {17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99,
                                              24, 26, 56, 99, 99, 99, 99, 99, 47, 66, 99, 99, 99, 99, 99, 99,
                                              99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
                                              99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99};

at::Tensor weights_of(const std::array<int, 64>& table, double quality) {
  const double scale = quality < 50 ? 5000 / quality : 200 - 2 * quality;
  std::vector<float> weights;
  for (const int entry : table) {
    weights.push_back(static_cast<float>(1 / std::clamp(std::floor((entry * scale + 50) / 100), 1.0, 255.0)));
  }
  const at::Tensor all = at::tensor(weights).view({kBlock, kBlock});
  return all / all.mean();
}

// Rows are the DCT's functions.
at::Tensor cosines() {
  std::vector<float> values;
  for (int64_t k = 0; k < kBlock; ++k) {
    const double norm = std::sqrt((k == 0 ? 1.0 : 2.0) / kBlock);
    for (int64_t n = 0; n < kBlock; ++n) {
      const auto angle = std::numbers::pi * static_cast<double>((2 * n + 1) * k) / (2.0 * kBlock);
      values.push_back(static_cast<float>(norm * std::cos(angle)));
    }
  }
  return at::tensor(values).view({kBlock, kBlock});
}

// Of a difference, to which YCbCr's offsets make none.
const std::vector<float> kToYCbCr = {0.299F, 0.587F, 0.114F,     -0.168736F, -0.331264F,
                                     0.5F,   0.5F,   -0.418688F, -0.081312F};

int64_t beyond(int64_t side) {
  return (kBlock - side % kBlock) % kBlock;
}

}  // namespace

FrequencyLoss::FrequencyLoss(double quality)
    : weights_(at::stack(
          {weights_of(kLuminance, quality), weights_of(kChrominance, quality), weights_of(kChrominance, quality)})) {}

at::Tensor FrequencyLoss::operator()(const at::Tensor& difference) const {
  const at::Tensor rgb =
      at::constant_pad_nd(difference.to(at::kFloat), {0, beyond(difference.size(3)), 0, beyond(difference.size(2))});
  const at::Device device = rgb.device();
  const at::Tensor matrix = at::tensor(kToYCbCr).view({kColours, kColours}).to(device), dct = cosines().to(device);
  const at::Tensor ycbcr = at::matmul(matrix, rgb.flatten(2)).view(rgb.sizes());
  const at::Tensor blocks = ycbcr.unflatten(3, {-1, kBlock}).unflatten(2, {-1, kBlock}).transpose(3, 4);
  const at::Tensor frequencies = at::matmul(at::matmul(dct, blocks), dct.t());  // [B, 3, H / 8, W / 8, 8, 8]
  const at::Tensor weights = weights_.to(device).view({kColours, 1, 1, kBlock, kBlock});
  return (frequencies.square() * weights).flatten(1).mean(1);
}

}  // namespace pixnerd::train
