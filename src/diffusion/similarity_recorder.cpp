#include "diffusion/similarity_recorder.h"

#include <ATen/TensorOperators.h>

#include <algorithm>

namespace pixnerd::diffusion {
namespace {

// Every token's vector at length 1; zero stays zero.
at::Tensor directions(const at::Tensor& s) {
  constexpr double kLeast = 1e-12;
  const at::Tensor s_32 = s.to(at::kFloat);
  return s_32 / s_32.square().sum(-1, /*keepdim=*/true).sqrt().clamp_min(kLeast);
}

}  // namespace

SimilarityRecorder::SimilarityRecorder(Denoiser& denoiser, int64_t steps)
    : denoiser_(denoiser), sums_(static_cast<size_t>(steps)) {
  for (size_t i = 0; i < sums_.size(); ++i) sums_[i].resize(i);
}

void SimilarityRecorder::begin_run() {
  steps_.clear();
  last_.reset();
}

void SimilarityRecorder::end_step() {
  steps_.push_back(last_);
}

at::Tensor SimilarityRecorder::encode(const at::Tensor& x, const at::Tensor& t, const at::Tensor& condition) {
  at::Tensor s = denoiser_.encode(x, t, condition);
  last_ = directions(s);
  std::vector<Sum>& row = sums_[steps_.size()];
  for (size_t j = 0; j < row.size(); ++j) {
    // The conditional half is the last one of a batch of two.
    const int64_t common = std::min(last_.size(0), steps_[j].size(0));
    const at::Tensor cosines =
        (last_.narrow(0, last_.size(0) - common, common) * steps_[j].narrow(0, steps_[j].size(0) - common, common))
            .sum(-1);
    row[j].cosines += cosines.sum(at::kDouble).item<double>();
    row[j].tokens += cosines.numel();
  }
  return s;
}

at::Tensor SimilarityRecorder::decode(const at::Tensor& x, const at::Tensor& t, const at::Tensor& s,
                                      const at::Tensor& weights) {
  return denoiser_.decode(x, t, s, weights);
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
