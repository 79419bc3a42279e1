// Gradients summed over the processes while the backward pass still runs: c10d's Reducer calls us with each bucket of a
// layout as soon as its gradients are there. Every rank gets the sum of its own part alone, which is what a sharded
// optimiser needs, and half of what an all-reduce would send.
//
// The sum is taken in the order of the ranks, g_0 + g_1 + ... + g_(N-1) in float32, for every element: it depends on
// the gradients and on N, not on where an element stands or when its message came.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <memory>
#include <vector>

#include "dist/group.h"
#include "dist/layout.h"

namespace pixnerd::dist {

class GradientReducer {
 public:
  // Parameters of the layout, leaves that want gradients. From now on their gradients lie in buckets.
  GradientReducer(const std::vector<at::Tensor>& parameters, const Layout& layout, std::shared_ptr<const Group> group);
  ~GradientReducer();

  // Collective. Calls `backward`, which runs one backward pass from `loss` that reaches every parameter, added to what
  // the gradients hold already; afterwards they hold the sums over the ranks in this rank's slices, and nothing of use
  // elsewhere. Backward passes outside of this add to the rank's own gradients as ever.
  void reduce_in(const at::Tensor& loss, const std::function<void()>& backward);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace pixnerd::dist
