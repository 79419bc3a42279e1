// How fast is one step of AdamW and of the average beside the framework's two passes, and beside a copy of memory? The
// arrays are as large as those of L/16.
#include <ATen/ops/_foreach_lerp.h>
#include <ATen/ops/_fused_adamw.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <c10/core/GradMode.h>

#include <array>

#include "bench/table.h"
#include "train/adamw.h"

namespace pixnerd::bench {
namespace {

constexpr int64_t kParameters = 452'000'000, kParts = 200;

void bench() {
  std::vector<at::Tensor> parameters, gradients, exp_avg, exp_avg_sq, average, steps;
  for (int64_t i = 0; i < kParts; ++i) {
    at::Tensor& parameter = parameters.emplace_back(at::zeros({kParameters / kParts}));
    parameter.set_requires_grad(true);
    parameter.mutable_grad() = gradients.emplace_back(at::zeros_like(parameter));
  }
  train::AdamW fused(parameters, {});
  const c10::NoGradGuard no_grad;
  for (size_t i = 0; i < parameters.size(); ++i) {
    average.push_back(fused.average()[i]);
    exp_avg.push_back(fused.exp_avg()[i]);
    exp_avg_sq.push_back(fused.exp_avg_sq()[i]);
    steps.push_back(at::zeros({}));
  }
  const auto framework = [&] {
    at::_fused_adamw_(parameters, gradients, exp_avg, exp_avg_sq, {}, steps, 1e-4, 0.9, 0.999, 0.0, 1e-8, false, false);
    at::_foreach_lerp_(average, parameters, 1e-4);
  };
  const auto copy = [&] {
    for (size_t i = 0; i < parameters.size(); ++i) average[i].copy_(exp_avg[i]);
  };
  const double array = 4.0 * kParameters;
  print("AdamW and average of 452 M parameters",
        std::array{Candidate{"framework: fused AdamW, then lerp", framework, 0, Arithmetic::float32, 12 * array},
                   Candidate{"pixnerd: one pass", [&] { fused.step({1e-4}); }, 0, Arithmetic::float32, 9 * array},
                   Candidate{"copy of one array", copy, 0, Arithmetic::float32, 2 * array}},
        5);
}

}  // namespace
}  // namespace pixnerd::bench

int main() {
  pixnerd::bench::begin("optimiser");
  pixnerd::bench::bench();
  return 0;
}
