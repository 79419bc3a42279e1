// AdamW (Loshchilov and Hutter) in float32 over a fixed list of parameters, with PyTorch's arithmetic.
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <vector>

namespace pixnerd::train {

struct AdamWConfig {
  std::array<double, 2> betas{0.9, 0.999};
  double eps = 1e-8;
  double weight_decay = 0.0;
};

class AdamW {
 public:
  // Parameters are updated in place; a parameter without a gradient is left alone.
  AdamW(std::vector<at::Tensor> parameters, const AdamWConfig& config);

  void step(double learning_rate);

  // Of each parameter, in the order given.
  const std::vector<at::Tensor>& exp_avg() const { return exp_avg_; }
  const std::vector<at::Tensor>& exp_avg_sq() const { return exp_avg_sq_; }
  const std::vector<at::Tensor>& steps() const { return steps_; }  // updates so far, float32 scalars

 private:
  std::vector<at::Tensor> parameters_, exp_avg_, exp_avg_sq_, steps_;
  AdamWConfig config_;
};

}  // namespace pixnerd::train
