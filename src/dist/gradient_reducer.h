// Gradients summed over the processes while the backward pass still runs, and what an optimiser makes of them given to
// all. c10d's Reducer calls us with each bucket of a layout as soon as its gradients are there. Every rank gets the sum
// of its own part alone, which is what a sharded optimiser needs, and half of what an all-reduce would send.
//
// The sum is taken in the order of the ranks, g_0 + g_1 + ... + g_(N-1) in float32, for every element: it depends on
// the gradients and on N, not on where an element stands or when its message came.
//
// Processes of one machine read each other's memory (shared_memory.h), others send messages by c10d: the sums are the
// same.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <memory>
#include <vector>

#include "dist/group.h"
#include "dist/layout.h"

namespace pixnerd::dist {

enum class Transport { fastest, messages };

class GradientReducer {
 public:
  // Collective. Parameters of the layout, contiguous leaves that want gradients. From now on their gradients lie in
  // buckets.
  GradientReducer(const std::vector<at::Tensor>& parameters, const Layout& layout, std::shared_ptr<const Group> group,
                  Transport transport = Transport::fastest);
  ~GradientReducer();

  // Collective. Calls `backward`, which runs one backward pass from `loss` that reaches every parameter, added to what
  // the gradients hold already; afterwards they hold the sums over the ranks in this rank's slices, and nothing of use
  // elsewhere. Backward passes outside of this add to the rank's own gradients as ever.
  void reduce_in(const at::Tensor& loss, const std::function<void()>& backward);

  // Collective, after reduce_in() and the update of this rank's slices: every rank gets the other ranks' slices of the
  // parameters.
  void share_parameters();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace pixnerd::dist
