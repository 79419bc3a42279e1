#include "diffusion/similarity_recorder.h"

#include <ATen/TensorOperators.h>

namespace pixnerd::diffusion {
namespace {

// Every token's vector at length 1; zero stays zero.
at::Tensor directions(const at::Tensor& s) {
  constexpr double kLeast = 1e-12;
  const at::Tensor s_32 = s.to(at::kFloat);
  return s_32 / s_32.square().sum(-1, /*keepdim=*/true).sqrt().clamp_min(kLeast);
}

}  // namespace

SimilarityRecorder::SimilarityRecorder(int64_t steps) : sums_(static_cast<size_t>(steps)) {
  for (size_t i = 0; i < sums_.size(); ++i) sums_[i].resize(i);
}

void SimilarityRecorder::add(uint64_t run, int64_t step, const at::Tensor& s, const at::Tensor& null_s) {
  const Halves now{directions(s), null_s.defined() ? directions(null_s) : at::Tensor()};
  std::vector<Halves>& steps = runs_[run];
  const auto i = static_cast<size_t>(step);
  // Steps without an evaluation leave what the one before left.
  while (steps.size() < i) steps.push_back(steps.empty() ? now : steps.back());
  for (size_t j = 0; j < i; ++j) {
    compare(sums_[i][j], now.given, steps[j].given);
    compare(sums_[i][j], now.null, steps[j].null);
  }
  steps.resize(i + 1);
  steps[i] = now;
}

void SimilarityRecorder::end(uint64_t run) {
  runs_.erase(run);
}

void SimilarityRecorder::compare(Sum& sum, const at::Tensor& a, const at::Tensor& b) const {
  if (!a.defined() || !b.defined()) return;
  const at::Tensor cosines = (a * b).sum(-1);
  sum.cosines += cosines.sum(at::kDouble).item<double>();
  sum.tokens += cosines.numel();
}

Similarity SimilarityRecorder::similarity() const {
  Similarity similarity;
  for (const std::vector<Sum>& row : sums_) {
    std::vector<double>& means = similarity.emplace_back();
    for (const Sum& sum : row) {
      means.push_back(sum.tokens > 0 ? sum.cosines / static_cast<double>(sum.tokens) : 1.0);
    }
    means.push_back(1.0);
  }
  return similarity;
}

}  // namespace pixnerd::diffusion
