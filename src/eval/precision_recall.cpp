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

constexpr int64_t kRows = 1024, kColumns = 1024;

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

Neighbours neighbours_of(const at::Tensor& features, int64_t count) {
  const int64_t total = features.size(0);
  std::vector<at::Tensor> distances, rows;
  for (int64_t row = 0; row < total; row += kRows) {
    const at::Tensor points = block(features, row, kRows);
    at::Tensor nearest, found;  // of the columns so far
    for (int64_t column = 0; column < total; column += kColumns) {
      const at::Tensor some = squared_distances(points, block(features, column, kColumns));
      const auto [least, index] = some.topk(std::min(count, some.size(1)), 1, /*largest=*/false);
      nearest = nearest.defined() ? at::cat({nearest, least}, 1) : least;
      found = found.defined() ? at::cat({found, index + column}, 1) : index;
      const auto [kept, place] = nearest.topk(std::min(count, nearest.size(1)), 1, /*largest=*/false);
      found = found.gather(1, place);
      nearest = kept;
    }
    distances.push_back(nearest);
    rows.push_back(found);
  }
  return {at::cat(distances), at::cat(rows)};
}

at::Tensor squared_radii(const Neighbours& neighbours, int64_t k) {
  if (neighbours.squared_distances.size(1) <= k) {
    throw DataError(concat("precision and recall need more than ", k, " pictures in each set, there are ",
                           neighbours.squared_distances.size(0)));
  }
  return neighbours.squared_distances.select(1, k).contiguous();
}

at::Tensor squared_radii(const at::Tensor& features, int64_t k) {
  return squared_radii(neighbours_of(features, k + 1), k);
}

at::Tensor squared_radii_within(const Neighbours& neighbours, int64_t k, const at::Tensor& some) {
  const at::Tensor is_member = at::zeros({neighbours.rows.size(0)}, at::kLong).index_fill_(0, some, 1);
  const at::Tensor members_so_far = is_member.index({neighbours.rows}).cumsum(1);
  const at::Tensor place = members_so_far.le(k).sum(1).clamp_max_(neighbours.rows.size(1) - 1);
  const at::Tensor radii = neighbours.squared_distances.gather(1, place.unsqueeze(1)).squeeze(1);
  return radii.masked_fill(is_member.eq(0), -1);
}

at::Tensor covered(const at::Tensor& points, const at::Tensor& centres, const at::Tensor& squared_radii) {
  if (squared_radii.dim() == 1) return covered(points, centres, squared_radii.unsqueeze(0)).squeeze(0);
  const int64_t lists = squared_radii.size(0);
  at::Tensor inside = at::zeros({lists, points.size(0)}, at::kBool);
  for (int64_t row = 0; row < points.size(0); row += kRows) {
    const at::Tensor some = block(points, row, kRows);
    for (int64_t column = 0; column < centres.size(0); column += kColumns) {
      const at::Tensor distances = squared_distances(some, block(centres, column, kColumns));
      for (int64_t list = 0; list < lists; ++list) {
        const at::Tensor radii = squared_radii[list].narrow(0, column, distances.size(1));
        inside[list].narrow(0, row, some.size(0)).logical_or_(distances.le(radii).any(1));
      }
    }
  }
  return inside;
}

}  // namespace pixnerd::eval
