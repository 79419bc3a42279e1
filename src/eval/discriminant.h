// Probabilistic linear discriminant analysis: which class a picture is of, told from its features, in closed form. The
// centres of the classes are normal, and so are pictures around their centre, all with one covariance W:
//
//   W    = (1 - r) S + r tr(S) / D I     S the covariance within classes, r the shrinkage
//   z    = V' L^-1 (f - m)               W = L L', V the directions in which the whitened centres differ, with
//   d_k  = (1 / C) sum_c z_ck^2 - mean_c (1 / n_c)     their variance there, less what single pictures add to it
//   s_c  = log N(z; n_c d / (n_c d + 1) z_c, 1 + d / (n_c d + 1))
//
// The centre of a class of few pictures is less certain, which makes it nearer to the middle and wider (Ioffe,
// "Probabilistic Linear Discriminant Analysis", 2006; W shrunk as in Friedman, "Regularized Discriminant Analysis",
// 1989). N pictures, D features, C classes, n_c pictures of class c, K < C directions. Float64 but for S.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace pixnerd::eval {

class Discriminant {
 public:
  // features [N, D] and classes [N] int64 in 0 ... C - 1, on the CPU; 0 < shrinkage <= 1. A class without pictures is
  // never named. DataError: no picture, or numbers that are not finite.
  Discriminant(const at::Tensor& features, const at::Tensor& classes, int64_t num_classes, double shrinkage);

  // features [M, D] -> s [M, C], -infinity for classes without pictures.
  at::Tensor scores(const at::Tensor& features) const;

 private:
  at::Tensor middle_;      // m [D]
  at::Tensor projection_;  // V' L^-1, [K, D]
  at::Tensor centres_;     // of s_c, [C, K]
  at::Tensor precisions_;  // one over the variances of s_c, [C, K]
  at::Tensor constants_;   // [C]: what of s_c does not depend on the picture
};

}  // namespace pixnerd::eval
