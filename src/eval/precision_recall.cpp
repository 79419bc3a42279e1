#include "eval/precision_recall.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <tuple>
#include <vector>

#include "core/errors.h"
#include "core/text.h"

namespace pixnerd::eval {
namespace {

constexpr int64_t kRows = 2048, kColumns = 2048;

// |a - b|^2 of every pair. In float64 the expansion loses nothing that counts.
at::Tensor squared_distances(const at::Tensor& a, const at::Tensor& b) {
  at::Tensor distances = a.matmul(b.t()).mul_(-2);
  distances += a.square().sum(1, true);
  distances += b.square().sum(1);
  return distances.clamp_min_(0);
}

at::Tensor block(const at::Tensor& features, int64_t begin, int64_t size) {
  return features.narrow(0, begin, std::min(size, features.size(0) - begin)).to(at::kDouble);
}

}  // namespace

at::Tensor squared_radii(const at::Tensor& features, int64_t k) {
  const int64_t count = features.size(0);
  if (count <= k) {
    throw DataError(concat("precision and recall need more than ", k, " pictures in each set, there are ", count));
  }
  std::vector<at::Tensor> radii;
  for (int64_t row = 0; row < count; row += kRows) {
    const at::Tensor points = block(features, row, kRows);
    at::Tensor nearest;
    for (int64_t column = 0; column < count; column += kColumns) {
      const at::Tensor distances = squared_distances(points, block(features, column, kColumns));
      const at::Tensor candidates = nearest.defined() ? at::cat({nearest, distances}, 1) : distances;
      const int64_t kept = std::min(k + 1, candidates.size(1));
      nearest = std::get<0>(candidates.topk(kept, 1, /*largest=*/false));
    }
    radii.push_back(nearest.amax(1));
  }
  return at::cat(radii);
}

at::Tensor covered(const at::Tensor& points, const at::Tensor& centres, const at::Tensor& squared_radii) {
  std::vector<at::Tensor> inside;
  for (int64_t row = 0; row < points.size(0); row += kRows) {
    const at::Tensor some = block(points, row, kRows);
    at::Tensor any = at::zeros({some.size(0)}, at::kBool);
    for (int64_t column = 0; column < centres.size(0); column += kColumns) {
      const at::Tensor distances = squared_distances(some, block(centres, column, kColumns));
      any.logical_or_(distances.le(block(squared_radii, column, kColumns)).any(1));
    }
    inside.push_back(any);
  }
  return at::cat(inside);
}

}  // namespace pixnerd::eval
