// Precision and recall of a set of pictures (Kynkaanniemi et al., "Improved Precision and Recall Metric for Assessing
// Generative Models", 2019) in the definition of ADM's evaluator: a set's manifold is the union of balls round its
// points, each reaching to the point's k-th nearest neighbour.
//
// Precision is the share of generated points inside the reference's manifold, recall the share of reference points
// inside the generated one's. Distances are computed in blocks: memory beyond the features is below 200 MB.
#pragma once

#include <ATen/core/Tensor.h>

namespace pixnerd::eval {

// Of features [N, D] -> [N] float64: the squared distance at index k of a row's sorted distances to all points, the
// point itself included. DataError unless N > k.
at::Tensor squared_radii(const at::Tensor& features, int64_t k);

// For points [M, D]: whether each is inside or on a ball round one of `centres` [N, D]. -> [M] bool
at::Tensor covered(const at::Tensor& points, const at::Tensor& centres, const at::Tensor& squared_radii);

}  // namespace pixnerd::eval
