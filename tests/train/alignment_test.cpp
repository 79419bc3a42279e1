#include "train/alignment.h"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <gtest/gtest.h>

#include <cmath>

#include "diffusion/noise.h"

namespace pixnerd::train {
namespace {

// The equation, term by term.
double plain(const at::Tensor& states, const at::Tensor& groups) {
  const int64_t count = states.size(0);
  std::vector<at::Tensor> z;
  for (int64_t i = 0; i < count; ++i) {
    const at::Tensor sum = states[i].narrow(1, 0, states.size(2) / 2).sum(0);
    z.push_back(sum / sum.norm());
  }
  const auto near = [&](int64_t i, int64_t j) {
    return std::exp(at::dot(z[static_cast<size_t>(i)], z[static_cast<size_t>(j)]).item<double>() /
                    kAlignmentTemperature);
  };
  double total = 0;
  int64_t with_others = 0;
  for (int64_t i = 0; i < count; ++i) {
    double all = 0, logs = 0;
    int64_t same = 0;
    for (int64_t k = 0; k < count; ++k) all += k == i ? 0 : near(i, k);
    for (int64_t j = 0; j < count; ++j) {
      if (j == i || groups[j].item<int64_t>() != groups[i].item<int64_t>()) continue;
      logs += std::log(near(i, j) / all);
      ++same;
    }
    if (same == 0) continue;
    total -= logs / static_cast<double>(same);
    ++with_others;
  }
  return total / static_cast<double>(with_others);
}

TEST(Alignment, IsTheEquation) {
  at::Generator generator = diffusion::seeded_generator(5);
  const at::Tensor states = at::randn({7, 3, 9}, generator);
  const at::Tensor groups = at::tensor({4, 1, 4, 4, 2, 1, 9}, at::kLong);
  EXPECT_NEAR(alignment_loss(states, groups).item<double>(), plain(states, groups), 1e-5);
}

TEST(Alignment, HasItsGradient) {
  at::Generator generator = diffusion::seeded_generator(6);
  const at::Tensor states = at::randn({5, 2, 7}, generator).requires_grad_();
  const at::Tensor groups = at::tensor({0, 1, 0, 1, 2}, at::kLong);
  alignment_loss(states, groups).backward();
  const c10::NoGradGuard no_grad;
  constexpr double kStep = 1e-3;
  for (int64_t i = 0; i < states.numel(); i += 4) {
    at::Tensor up = states.clone(), down = states.clone();
    up.view(-1)[i] += kStep;
    down.view(-1)[i] -= kStep;
    const double slope = (plain(up, groups) - plain(down, groups)) / (2 * kStep);
    EXPECT_NEAR(states.grad().view(-1)[i].item<double>(), slope, 5e-3) << i;
  }
}

TEST(Alignment, IsZeroWhereNothingBelongsTogether) {
  const at::Tensor states = at::ones({3, 2, 4}).requires_grad_();
  const at::Tensor loss = alignment_loss(states, at::tensor({0, 1, 2}, at::kLong));
  EXPECT_EQ(loss.item<float>(), 0);
  loss.backward();
  EXPECT_TRUE(states.grad().isfinite().all().item<bool>());
}

}  // namespace
}  // namespace pixnerd::train
