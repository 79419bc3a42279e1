// The Inception Score (Salimans et al., "Improved Techniques for Training GANs", 2016): in each of several splits of
// the pictures exp(mean over pictures of KL(p(y|x) || p(y))), p(y) the split's mean.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace pixnerd::eval {

// The pictures first ... first + size - 1.
struct Split {
  int64_t first = 0, size = 0;
};

// `count` splits of n pictures one after the other, as even as they can be. DataError if there are fewer pictures than
// splits.
std::vector<Split> equal_splits(int64_t n, int64_t count);

// Splits of `size` pictures one after the other, as ADM's evaluator makes them; the last may be smaller.
std::vector<Split> splits_of_size(int64_t n, int64_t size);

struct InceptionScore {
  double mean = 0, deviation = 0;  // of the splits' scores; the deviation is that of the splits, with no N - 1
  std::vector<double> splits;
};

// Of logits [N, classes], of which softmax makes p(y|x). With `rows` (int64 [N], may repeat) row rows[i] stands in
// place of row i.
InceptionScore inception_score(const at::Tensor& logits, const std::vector<Split>& splits, const at::Tensor& rows = {});

}  // namespace pixnerd::eval
