// Measures, while a sampler runs, how alike the conditioning s of its steps is.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "diffusion/denoiser.h"
#include "diffusion/reuse_schedule.h"

namespace pixnerd::diffusion {

// Stands in for a denoiser in runs that compute s at every evaluation (reuse 1). Similarity is the cosine between the
// vectors of one token of s [B, ..., D], averaged over all tokens, pictures and runs, in float32 or more.
//
// It is what reuse would meet with GuidedVelocity. A step computes s at each of its evaluations, two with Heun, and
// leaves the last one: every evaluation of step i is compared with the last one of step j. A step compared with itself
// is alike, and so is one without evaluations. The halves of guidance count alike; where one of two steps has the
// conditional half alone, that is compared.
//
// The s of every step of a batch are kept, in float32: steps x 2 B tokens x D x 4 bytes with guidance.
class SimilarityRecorder : public Denoiser {
 public:
  // The denoiser must outlive this object. Every run has as many steps.
  SimilarityRecorder(Denoiser& denoiser, int64_t steps);

  // Call before each run, and after each of its steps.
  void begin_run();
  void end_step();

  // Of all runs so far.
  Similarity similarity() const;

  at::Tensor encode(const at::Tensor& x, const at::Tensor& t, const at::Tensor& condition) override;
  at::Tensor decode(const at::Tensor& x, const at::Tensor& t, const at::Tensor& s, const at::Tensor& weights) override;

 private:
  struct Sum {
    double cosines = 0;
    int64_t tokens = 0;
  };

  Denoiser& denoiser_;
  std::vector<std::vector<Sum>> sums_;  // as Similarity, without the steps' likeness to themselves
  std::vector<at::Tensor> steps_;       // what each finished step of this run leaves, tokens of length 1
  at::Tensor last_;
};

}  // namespace pixnerd::diffusion
