#include "eval/discriminant.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/bincount.h>
#include <ATen/ops/linalg_cholesky.h>
#include <ATen/ops/linalg_eigh.h>
#include <ATen/ops/linalg_solve_triangular.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <limits>

#include "core/errors.h"

namespace pixnerd::eval {
namespace {

constexpr double kLeastVariance = 1e-6;  // of centres, below which a direction tells nothing
constexpr double kShareOfAlike = 1e-3;   // of the variance of centres, for W where no class has pictures that differ

// W [D, D] of features [N, D] less their class's mean.
at::Tensor covariance_within(const at::Tensor& apart, int64_t classes, double variance_of_means, double shrinkage) {
  const int64_t freedom = std::max<int64_t>(1, apart.size(0) - classes);
  at::Tensor covariance = apart.t().matmul(apart).div_(static_cast<double>(freedom)).to(at::kDouble);
  const double variance = covariance.diagonal().mean().item<double>();
  const double alike = variance_of_means > 0 ? kShareOfAlike * variance_of_means : 1.0;
  covariance.mul_(1 - shrinkage).diagonal().add_(variance > 0 ? shrinkage * variance : alike);
  return covariance;
}

struct Directions {
  at::Tensor basis;      // V, [D, K]
  at::Tensor variances;  // d, [K]
};

// In which whitened centres [C, D] differ by more than the mean of 1 / n_c, `noise`. Their Gram matrix [C, C] has the
// same eigenvalues as their covariance, and there are fewer classes than features.
Directions directions_of(const at::Tensor& centres, double noise) {
  const auto count = static_cast<double>(centres.size(0));
  const auto [squares, vectors] = at::linalg_eigh(centres.matmul(centres.t()));
  const at::Tensor variances = squares / count - noise;
  const at::Tensor kept = variances.gt(kLeastVariance).nonzero().flatten();
  const at::Tensor lengths = squares.index_select(0, kept).sqrt();
  return {centres.t().matmul(vectors.index_select(1, kept)) / lengths, variances.index_select(0, kept)};
}

}  // namespace

Discriminant::Discriminant(const at::Tensor& features, const at::Tensor& classes, int64_t num_classes,
                           double shrinkage) {
  if (features.size(0) == 0) throw DataError("there are no pictures that classes could be told from");
  if (!features.isfinite().all().item<bool>())
    throw DataError("the features that classes are told from are not finite");
  const at::Tensor f = features.to(at::kFloat), counts = at::bincount(classes, {}, num_classes);  // [C]
  const at::Tensor present = counts.gt(0).nonzero().flatten();
  at::Tensor means = at::zeros({num_classes, f.size(1)}, f.options());
  means.index_add_(0, classes, f);
  means.div_(counts.clamp_min(1).unsqueeze(1));
  const at::Tensor apart = f - means.index_select(0, classes);
  means = means.to(at::kDouble);
  middle_ = means.index_select(0, present).mean(0);
  const at::Tensor from_middle = means - middle_;
  const double variance_of_means = from_middle.index_select(0, present).square().mean().item<double>();
  const at::Tensor within = covariance_within(apart, present.numel(), variance_of_means, shrinkage);
  const at::Tensor unwhitened = at::linalg_cholesky(within);  // L
  const at::Tensor whitened = at::linalg_solve_triangular(unwhitened, from_middle.t(), /*upper=*/false).t();

  const at::Tensor n = counts.to(at::kDouble).unsqueeze(1);  // [C, 1]
  const double noise = n.index_select(0, present).reciprocal().mean().item<double>();
  const Directions directions = directions_of(whitened.index_select(0, present), noise);
  const at::Tensor& d = directions.variances;
  // V' L^-1 = (L'^-1 V)'.
  projection_ = at::linalg_solve_triangular(unwhitened.t(), directions.basis, /*upper=*/true).t();
  centres_ = whitened.matmul(directions.basis) * (n * d / (n * d + 1));
  const at::Tensor variances = 1 + d / (n * d + 1);
  precisions_ = variances.reciprocal();
  constants_ = ((centres_.square() * precisions_).sum(1) + variances.log().sum(1)) * -0.5;
  constants_ = constants_.masked_fill(counts == 0, -std::numeric_limits<double>::infinity());
}

at::Tensor Discriminant::scores(const at::Tensor& features) const {
  const at::Tensor z = (features.to(at::kDouble) - middle_).matmul(projection_.t());  // [M, K]
  return z.matmul((centres_ * precisions_).t()) - z.square().matmul(precisions_.t()) * 0.5 + constants_;
}

}  // namespace pixnerd::eval
