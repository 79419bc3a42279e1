#include "eval/inception_score.h"

#include <ATen/TensorOperators.h>

#include <algorithm>
#include <cmath>

#include "core/errors.h"
#include "core/text.h"

namespace pixnerd::eval {
namespace {

// sum_y p log p - p log q, with q the mean of p: log p comes from log_softmax, which is exact where p underflows.
double score_of(const at::Tensor& logits) {
  const at::Tensor log_p = logits.to(at::kDouble).log_softmax(1);
  const at::Tensor p = log_p.exp();
  const at::Tensor q = p.mean(0);
  const double negative_entropy = (p * log_p).sum(1).mean().item<double>();
  const double cross_entropy = q.xlogy(q).sum().item<double>();
  return std::exp(negative_entropy - cross_entropy);
}

}  // namespace

std::vector<Split> equal_splits(int64_t n, int64_t count) {
  if (n < count) {
    throw DataError(concat("the Inception Score needs at least one picture a split: there are ", n, " pictures and ",
                           count, " splits; use --is-splits with a smaller number"));
  }
  std::vector<Split> splits;
  for (int64_t i = 0; i < count; ++i) {
    const int64_t begin = i * n / count;
    splits.push_back({begin, (i + 1) * n / count - begin});
  }
  return splits;
}

std::vector<Split> splits_of_size(int64_t n, int64_t size) {
  std::vector<Split> splits;
  for (int64_t begin = 0; begin < n; begin += size) splits.push_back({begin, std::min(size, n - begin)});
  return splits;
}

InceptionScore inception_score(const at::Tensor& logits, const std::vector<Split>& splits, const at::Tensor& rows) {
  InceptionScore score;
  for (const auto& [first, size] : splits) {
    score.splits.push_back(
        score_of(rows.defined() ? logits.index_select(0, rows.narrow(0, first, size)) : logits.narrow(0, first, size)));
    score.mean += score.splits.back();
  }
  const auto count = static_cast<double>(splits.size());
  score.mean /= count;
  for (const double each : score.splits) score.deviation += (each - score.mean) * (each - score.mean) / count;
  score.deviation = std::sqrt(score.deviation);
  return score;
}

}  // namespace pixnerd::eval
