// One evaluation of a network for several trajectories at once, each at its own t, guided or not, with reuse of the
// conditioning s.
//
// The unconditional branch is computed only where it is used. What is computed is one batch of rows, the unconditional
// ones first: whose rows they are makes no difference to a network that treats them apart.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <span>
#include <vector>

#include "diffusion/denoiser.h"
#include "diffusion/guidance.h"
#include "diffusion/solver.h"

namespace pixnerd::diffusion {

// What one trajectory is conditioned on, and the s that serve it from step to step.
class Conditioning {
 public:
  // condition and null_condition as the denoiser takes them, [B, ...].
  Conditioning(at::Tensor condition, at::Tensor null_condition, Guidance guidance,
               EncodeSchedule schedule = EncodeSchedule::every(1));

  // The s of the condition that the last evaluation used, and of the null condition; undefined where there is none yet.
  const at::Tensor& s() const { return given_.s; }
  const at::Tensor& null_s() const { return null_.s; }

 private:
  friend class Batch;

  // The field's weights of many rows are one tensor, of which each branch has some columns.
  struct KeptWeights {
    std::shared_ptr<const at::Tensor> of_batch;  // [blocks, T, ...]; null where none are kept
    int64_t first = 0, tokens = 0;
  };
  struct Branch {
    at::Tensor condition, s;
    KeptWeights weights;
  };

  bool scheduled(int64_t step) const { return schedule_.contains(step); }
  bool serves_again(int64_t step) const { return !scheduled(step) || !scheduled(step + 1); }

  Branch given_, null_;
  Guidance guidance_;
  EncodeSchedule schedule_;
};

// A velocity that is wanted: query().step is the schedule's.
struct Ask {
  Query query;
  Conditioning* conditioning;
};

// The guided velocities, one for each ask, float32 in the shape of its x. All x have one size but for B. The rows that
// the denoiser sees are those of the asks in order, the null condition's before the others.
std::vector<at::Tensor> evaluate(Denoiser& denoiser, std::span<const Ask> asks);

// How many rows evaluate() decodes for this ask, where x has one: 2 where it is guided.
int64_t rows_of(const Ask& ask);

}  // namespace pixnerd::diffusion
