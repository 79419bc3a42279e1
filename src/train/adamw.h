// AdamW (Loshchilov and Hutter) in float32 over slices of a fixed list of parameters, with PyTorch's arithmetic, and
// the average of the parameters that follows every step. On a CPU both are one pass over memory (kernels/adamw.h).
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <vector>

#include "dist/layout.h"

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
  // Contiguous parameters, which are updated in place where the slices are; each slice's average starts as a copy.
  AdamW(std::vector<at::Tensor> parameters, std::vector<dist::Slice> slices, const AdamWConfig& config);

  // All of them.
  AdamW(std::vector<at::Tensor> parameters, const AdamWConfig& config);

  // A parameter without a gradient is left alone; its average is not.
  void step(const AdamWUpdate& update);

  // Flat, of each slice, in the order given. The values alias the parameters.
  const std::vector<dist::Slice>& slices() const { return slices_; }
  const std::vector<at::Tensor>& values() const { return values_; }
  const std::vector<at::Tensor>& average() const { return average_; }
  const std::vector<at::Tensor>& exp_avg() const { return exp_avg_; }
  const std::vector<at::Tensor>& exp_avg_sq() const { return exp_avg_sq_; }

  // Updates so far of each parameter: float32 scalars on the CPU.
  const std::vector<at::Tensor>& steps() const { return steps_; }

  // The gradients of the slices whose parameters have some.
  std::vector<at::Tensor> gradients() const;

 private:
  void step_by_kernel(const std::vector<size_t>& slices, const AdamWUpdate& update);
  void step_by_operators(const std::vector<size_t>& slices, const AdamWUpdate& update);
  at::Tensor gradient_of(const dist::Slice& slice) const;

  std::vector<at::Tensor> parameters_, steps_;  // by parameter
  std::vector<dist::Slice> slices_;             // what follows is by slice
  std::vector<at::Tensor> values_, average_, exp_avg_, exp_avg_sq_;
  AdamWConfig config_;
};

// A slice of a tensor, flat; it aliases a contiguous one.
at::Tensor slice_of(const at::Tensor& tensor, const dist::Slice& slice);

// Every tensor as one slice.
std::vector<dist::Slice> whole(const std::vector<at::Tensor>& tensors);

}  // namespace pixnerd::train
