#include "diffusion/reuse_schedule.h"

#include <algorithm>
#include <cmath>

#include "core/errors.h"
#include "core/text.h"

namespace pixnerd::diffusion {
namespace {

// How good a schedule, or a part of one, is.
struct Score {
  double similarity = 0;
  double squares = 0;  // of the distances between its steps

  friend Score operator+(const Score& a, const Score& b) {
    return {a.similarity + b.similarity, a.squares + b.squares};
  }
  friend bool operator>(const Score& a, const Score& b) {
    return a.similarity != b.similarity ? a.similarity > b.similarity : a.squares < b.squares;
  }
};

// run[j][i - j]: the steps j .. i - 1 with the s of step j.
std::vector<std::vector<Score>> scores_of_runs(const Similarity& similarity) {
  const size_t n = similarity.size();
  std::vector<std::vector<Score>> run(n);
  for (size_t j = 0; j < n; ++j) {
    run[j].resize(n - j + 1);
    for (size_t length = 1; length <= n - j; ++length) {
      const auto side = static_cast<double>(length);
      run[j][length] = {run[j][length - 1].similarity + similarity[j + length - 1][j], side * side};
    }
  }
  return run;
}

void check(const Similarity& similarity, int64_t encodings) {
  const auto steps = static_cast<int64_t>(similarity.size());
  if (encodings < 1 || encodings > steps) {
    throw RequestError(concat("s cannot be computed at ", encodings, " of ", steps, " steps; ask for 1 to ", steps));
  }
  for (size_t i = 0; i < similarity.size(); ++i) {
    if (similarity[i].size() != i + 1) {
      throw RequestError(concat("row ", i, " of the similarity has ", similarity[i].size(), " numbers, not ", i + 1));
    }
    for (size_t j = 0; j <= i; ++j) {
      if (std::isfinite(similarity[i][j])) continue;
      throw RequestError(concat("the similarity of s at the steps ", j, " and ", i,
                                " is not finite: the weights or the sampler's settings lead nowhere"));
    }
  }
}

}  // namespace

std::vector<int64_t> best_encode_steps(const Similarity& similarity, int64_t encodings) {
  check(similarity, encodings);
  const size_t n = similarity.size(), most = static_cast<size_t>(encodings);
  const auto run = scores_of_runs(similarity);
  // best[i]: the best score of the steps from i on if s is computed at i and at k - 1 steps after it, of which
  // next[k][i] is the first. Each round turns k - 1 into k, from the front: best[j], j > i, is still the old one.
  std::vector<Score> best(n);
  std::vector<std::vector<size_t>> next(most + 1, std::vector<size_t>(n, n));
  for (size_t i = 0; i < n; ++i) best[i] = run[i][n - i];
  for (size_t k = 2; k <= most; ++k) {
    for (size_t i = 0; i + k <= n; ++i) {
      Score found;
      for (size_t j = i + 1; j + k - 1 <= n; ++j) {
        const Score candidate = run[i][j - i] + best[j];
        if (next[k][i] < n && !(candidate > found)) continue;
        found = candidate;
        next[k][i] = j;
      }
      best[i] = found;
    }
  }
  std::vector<int64_t> steps;
  size_t step = 0;
  for (size_t k = most; k >= 1; --k) {
    steps.push_back(static_cast<int64_t>(step));
    step = next[k][step];
  }
  return steps;
}

std::vector<int64_t> uniform_encode_steps(int64_t steps, int64_t encodings) {
  std::vector<int64_t> uniform;
  for (int64_t k = 0; k < encodings; ++k) uniform.push_back(k * steps / encodings);
  return uniform;
}

std::vector<double> reused_similarity(const Similarity& similarity, const std::vector<int64_t>& encode_steps) {
  std::vector<double> each;
  for (size_t i = 0; i < similarity.size(); ++i) {
    const auto after = std::upper_bound(encode_steps.begin(), encode_steps.end(), static_cast<int64_t>(i));
    each.push_back(similarity[i][static_cast<size_t>(*(after - 1))]);
  }
  return each;
}

}  // namespace pixnerd::diffusion
