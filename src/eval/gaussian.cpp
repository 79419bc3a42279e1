#include "eval/gaussian.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/linalg_cholesky_ex.h>
#include <ATen/ops/linalg_eigh.h>
#include <ATen/ops/linalg_eigvalsh.h>
#include <ATen/ops/zeros.h>
#include <c10/util/Exception.h>

#include <algorithm>
#include <tuple>

#include "core/errors.h"
#include "core/text.h"

namespace pixnerd::eval {
namespace {

constexpr int64_t kRowsAtOnce = 4096;

// Calls `use` with the rows in float64, some thousands at a time.
template <class Use>
void for_blocks(const at::Tensor& features, const at::Tensor& rows, const Use& use) {
  const int64_t count = rows.defined() ? rows.size(0) : features.size(0);
  for (int64_t begin = 0; begin < count; begin += kRowsAtOnce) {
    const int64_t size = std::min(kRowsAtOnce, count - begin);
    const at::Tensor block =
        rows.defined() ? features.index_select(0, rows.narrow(0, begin, size)) : features.narrow(0, begin, size);
    use(block.to(at::kDouble));
  }
}

at::Tensor symmetric(const at::Tensor& matrix) {
  return (matrix + matrix.t()) / 2;
}

// A matrix's eigenvalues and whatever else `decompose` finds. Libraries tell differently that they failed.
template <class Decompose>
auto decomposed(const Decompose& decompose) {
  constexpr const char* kFailed = "the eigenvalues of a covariance cannot be computed";
  try {
    auto found = decompose();
    if (!std::get<0>(found).isfinite().all().template item<bool>()) throw DataError(kFailed);
    return found;
  } catch (const c10::LinAlgError& error) {
    throw DataError(concat(kFailed, ": ", error.what_without_backtrace()));
  }
}

// Rounding leaves eigenvalues of singular covariances a little below 0.
at::Tensor square_root(const at::Tensor& covariance) {
  const auto [values, vectors] = decomposed([&] { return at::linalg_eigh(symmetric(covariance)); });
  return (vectors * values.clamp_min(0).sqrt()).matmul(vectors.t());
}

}  // namespace

Gaussian gaussian_of(const at::Tensor& features, const at::Tensor& rows) {
  const int64_t count = rows.defined() ? rows.size(0) : features.size(0);
  if (count < 2) {
    throw DataError(
        concat("a covariance of features needs at least two pictures, there ", count == 1 ? "is " : "are ", count));
  }
  const int64_t dimension = features.size(1);
  at::Tensor mean = at::zeros({dimension}, at::kDouble);
  for_blocks(features, rows, [&](const at::Tensor& block) { mean += block.sum(0); });
  mean /= static_cast<double>(count);
  at::Tensor covariance = at::zeros({dimension, dimension}, at::kDouble);
  for_blocks(features, rows, [&](const at::Tensor& block) {
    const at::Tensor centred = block - mean;
    covariance.addmm_(centred.t(), centred);
  });
  covariance /= static_cast<double>(count - 1);
  return {mean, covariance};
}

bool is_covariance(const at::Tensor& matrix) {
  const double scale = matrix.abs().amax().item<double>();
  if (!at::allclose(matrix, matrix.t(), 1e-4, 1e-4 * scale) || matrix.diagonal().amin().item<double>() < 0)
    return false;
  // Cholesky's factors exist where all eigenvalues are above 0, and are found in a fraction of the eigenvalues' time.
  constexpr double kRounding = 1e-6, kLeast = 1e-300;
  const double lift = std::max(kRounding * matrix.trace().item<double>(), kLeast);
  const at::Tensor lifted = symmetric(matrix.to(at::kDouble)) + lift * at::eye(matrix.size(0), at::kDouble);
  return std::get<1>(at::linalg_cholesky_ex(lifted)).item<int>() == 0;
}

FrechetDistance::FrechetDistance(const Gaussian& reference)
    : reference_(reference), root_(square_root(reference.covariance)) {}

double FrechetDistance::to(const Gaussian& other) const {
  if (other.mean.sizes() != reference_.mean.sizes()) {
    throw DataError(concat("features of ", other.mean.size(0), " numbers cannot be compared with a reference of ",
                           reference_.mean.size(0), "; use statistics of the same network's features"));
  }
  const at::Tensor product = root_.matmul(other.covariance).matmul(root_);
  const auto [values] = decomposed([&] { return std::tuple(at::linalg_eigvalsh(symmetric(product))); });
  const at::Tensor traces =
      reference_.covariance.trace() + other.covariance.trace() - 2 * values.clamp_min(0).sqrt().sum();
  const double distance = ((reference_.mean - other.mean).square().sum() + traces).item<double>();
  return std::max(distance, 0.0);
}

}  // namespace pixnerd::eval
