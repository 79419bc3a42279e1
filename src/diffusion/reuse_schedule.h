// At which steps of a run to compute the conditioning s, told from how alike it is from step to step: the "statistic
// dynamic programming" of "DDT: Decoupled Diffusion Transformer", arXiv 2504.05741.
#pragma once

#include <cstdint>
#include <vector>

namespace pixnerd::diffusion {

// Row i has i + 1 numbers: how alike, 1 at most, the s that step i would compute is to the one that step j <= i leaves.
using Similarity = std::vector<std::vector<double>>;

// The `encodings` steps, step 0 among them and in order, for which the sum of reused_similarity() is greatest. Of
// equals the most uniform (the least sum of squared distances from one to the next), then the one whose steps come
// first. Takes O(encodings n^2) time for n steps. RequestError unless 1 <= encodings <= n and all numbers are finite.
std::vector<int64_t> best_encode_steps(const Similarity& similarity, int64_t encodings);

// 0, n / K, 2 n / K, ... rounded down, for 1 <= K <= n encodings in n steps: as `reuse` has it where K divides n.
std::vector<int64_t> uniform_encode_steps(int64_t steps, int64_t encodings);

// Of each step, how alike the s that it would compute is to the one that it uses: that of the last of encode_steps,
// which begin with 0 and ascend, that is not after it.
std::vector<double> reused_similarity(const Similarity& similarity, const std::vector<int64_t>& encode_steps);

}  // namespace pixnerd::diffusion
