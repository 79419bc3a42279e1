// Measures how alike the conditioning s of a run's steps is.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <vector>

#include "diffusion/reuse_schedule.h"

namespace pixnerd::diffusion {

// Told of every evaluation of runs that compute s at each of them (reuse 1). Similarity is the cosine between the
// vectors of one token of s [B, ..., D], averaged over all tokens, pictures and runs, in float32 or more.
//
// It is what reuse would meet. A step computes s at each of its evaluations, two with Heun, and leaves the last one:
// every evaluation of step i is compared with the last one of step j. A step compared with itself is alike, and so is
// one without evaluations. The halves of guidance count alike; where one of two steps has the conditional half alone,
// that is compared.
//
// The s of every step of a run are kept until it ends, in float32: steps x 2 tokens x D x 4 bytes a picture with
// guidance.
class SimilarityRecorder {
 public:
  explicit SimilarityRecorder(int64_t steps);

  // An evaluation in step `step` of a run, whose steps come in order. null_s is undefined without guidance.
  void add(uint64_t run, int64_t step, const at::Tensor& s, const at::Tensor& null_s);
  void end(uint64_t run);

  // Of all runs so far.
  Similarity similarity() const;

 private:
  struct Sum {
    double cosines = 0;
    int64_t tokens = 0;
  };
  // The vectors of tokens, of length 1.
  struct Halves {
    at::Tensor given, null;
  };

  void compare(Sum& sum, const at::Tensor& a, const at::Tensor& b) const;

  std::vector<std::vector<Sum>> sums_;            // as Similarity, without the steps' likeness to themselves
  std::map<uint64_t, std::vector<Halves>> runs_;  // what each step leaves; of the last one, so far
};

}  // namespace pixnerd::diffusion
