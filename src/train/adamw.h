// AdamW (Loshchilov and Hutter) in float32 over a fixed list of parameters, with PyTorch's arithmetic, and the average
// of the parameters that follows every step. On a CPU both are one pass over memory (kernels/adamw.h).
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

// What may differ from step to step.
struct AdamWUpdate {
  double learning_rate = 0.0;
  double ema_decay = 0.9999;    // of the average
  double gradient_scale = 1.0;  // the gradients are taken times this
};

class AdamW {
 public:
  // Parameters are updated in place; their average starts as a copy.
  AdamW(std::vector<at::Tensor> parameters, const AdamWConfig& config);

  // A parameter without a gradient is left alone; its average is not.
  void step(const AdamWUpdate& update);

  // Of each parameter, in the order given.
  const std::vector<at::Tensor>& average() const { return average_; }
  const std::vector<at::Tensor>& exp_avg() const { return exp_avg_; }
  const std::vector<at::Tensor>& exp_avg_sq() const { return exp_avg_sq_; }
  const std::vector<at::Tensor>& steps() const { return steps_; }  // updates so far, float32 scalars

 private:
  // Of the parameters numbered so, which have gradients.
  void step_on_cpu(const std::vector<size_t>& indices, const AdamWUpdate& update);
  void step_by_operators(const std::vector<size_t>& indices, const AdamWUpdate& update);

  std::vector<at::Tensor> parameters_, average_, exp_avg_, exp_avg_sq_, steps_;
  AdamWConfig config_;
};

}  // namespace pixnerd::train
