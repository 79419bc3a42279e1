// FID: the Frechet distance between two sets of features, each taken for a normal distribution (Heusel et al., "GANs
// Trained by a Two Time-Scale Update Rule Converge to a Local Nash Equilibrium", 2017).
//
//   d = |m1 - m2|^2 + tr(S1) + tr(S2) - 2 tr((S1^(1/2) S2 S1^(1/2))^(1/2))
//
// The last trace is the sum of the square roots of a symmetric matrix's eigenvalues, so that singular covariances, of
// fewer pictures than features, need no offset and give no complex numbers.
// N pictures, D features. All in float64 on the CPU.
#pragma once

#include <ATen/core/Tensor.h>

namespace pixnerd::eval {

struct Gaussian {
  at::Tensor mean;        // [D]
  at::Tensor covariance;  // [D, D], with N - 1 in the denominator
};

// Of features [N, D]; with `rows` (int64 [M]) of these rows of it, which may repeat. Memory beyond the result is a few
// thousand rows. DataError for fewer than two rows.
Gaussian gaussian_of(const at::Tensor& features, const at::Tensor& rows = {});

// Whether a finite matrix [D, D] can be a covariance: symmetric up to rounding, and no eigenvalue below 0 by more than
// 1e-6 of their sum. One that cannot would give a distance without any meaning.
bool is_covariance(const at::Tensor& matrix);

// Keeps the root of one side's covariance, which is the most expensive part.
class FrechetDistance {
 public:
  // DataError, here and below: the eigenvalues cannot be computed, as of numbers that are not finite.
  explicit FrechetDistance(const Gaussian& reference);

  // Never below 0. DataError if the dimensions differ.
  double to(const Gaussian& other) const;

 private:
  Gaussian reference_;
  at::Tensor root_;  // S1^(1/2)
};

}  // namespace pixnerd::eval
