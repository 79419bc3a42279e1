// Precision and recall of a set of pictures (Kynkaanniemi et al., "Improved Precision and Recall Metric for Assessing
// Generative Models", 2019) in the definition of ADM's evaluator: a set's manifold is the union of balls round its
// points, each reaching to the point's k-th nearest neighbour.
//
// Precision is the share of generated points inside the reference's manifold, recall the share of reference points
// inside the generated one's. Distances are computed in blocks: memory beyond the features is below 200 MB.
#pragma once

#include <ATen/core/Tensor.h>

namespace pixnerd::eval {

// Each point's nearest points of the same set, itself included, in order of their distance.
struct Neighbours {
  at::Tensor squared_distances;  // [N, K] float64
  at::Tensor rows;               // [N, K] int64
};

// Of features [N, D], the nearest min(count, N) of each.
Neighbours neighbours_of(const at::Tensor& features, int64_t count);

// -> [N] float64: the squared distance at index k of a row's sorted distances to all points, itself included. DataError
// unless N > k; K > k.
at::Tensor squared_radii(const Neighbours& neighbours, int64_t k);
at::Tensor squared_radii(const at::Tensor& features, int64_t k);

// The same in a set of some of the points, int64 [M]: rows of theirs that are not among the neighbours are beyond
// them all, and points outside of the set have -1, a ball with nothing in it. K well above 2 k is enough for halves.
at::Tensor squared_radii_within(const Neighbours& neighbours, int64_t k, const at::Tensor& some);

// For points [M, D]: whether each is inside or on a ball round one of `centres` [N, D], with the radii [N] -> [M] bool;
// or with each of R lists of them, [R, N] -> [R, M], at little more than the cost of one.
at::Tensor covered(const at::Tensor& points, const at::Tensor& centres, const at::Tensor& squared_radii);

}  // namespace pixnerd::eval
