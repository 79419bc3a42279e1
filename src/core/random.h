// Counter-based random numbers for the order of the data: there is no state but (seed, stream, counter), so any point
// can be resumed without replaying what came before. The bits are those of Philox4x32-10 (Salmon et al., "Parallel
// Random Numbers: As Easy as 1, 2, 3", 2011) with the seed as key. Image noise does not come from here.
#pragma once

#include <cstdint>
#include <vector>

namespace pixnerd {

// 64 uniform bits, a pure function of its arguments, the same on every machine.
uint64_t random_bits(uint64_t seed, uint64_t stream, uint64_t counter);

// Uniform in [0, 1): a multiple of 2^-53.
double random_uniform(uint64_t seed, uint64_t stream, uint64_t counter);

// 0 ... n-1 in random order, each of the n! orders equally likely (Fisher-Yates). Uses the counters 0, 1, ... of the
// stream, which should serve nothing else. n must not be negative (std::invalid_argument).
std::vector<int64_t> random_permutation(int64_t n, uint64_t seed, uint64_t stream);

}  // namespace pixnerd
