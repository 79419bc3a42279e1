// Averages of the parameters over a run whose weights are a power of the time (Karras et al., arXiv 2312.02696, section
// 3.1), and how one of any length is made of others (section 3.2 and appendix C).
//
// After t steps step k has the weight (k^(gamma + 1) - (k - 1)^(gamma + 1)) / t^(gamma + 1). The length of an average
// is sigma_rel, the standard deviation of that profile as a share of t: at .05 the mean of the steps lies 5 % before
// the last one, at .10 11 %, whatever the length of the run.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace pixnerd::train {

// The lengths that there are. All steps alike, which is gamma 0, would be .2887.
inline constexpr double kShortestLength = 0.001, kLongestLength = 0.28;

// sigma_rel = sqrt((gamma + 1) / ((gamma + 2)^2 (gamma + 3))), and its inverse for lengths between kShortestLength and
// kLongestLength.
double sigma_rel_of(double gamma);
double gamma_of(double sigma_rel);

// beta_gamma(t) = (1 - 1 / t)^(gamma + 1): what step t >= 1 leaves of the average before it.
double power_decay(double gamma, int64_t step);

// An average of `sigma_rel` as it stood after `step` steps.
struct PowerProfile {
  int64_t step = 0;
  double sigma_rel = 0.0;
};

// Up to these an average counts as rebuilt. Of snapshots in float16 the second leaves a thousandth of each weight.
inline constexpr double kLargestProfileError = 0.1, kLargestAmplification = 8;

struct Combination {
  std::vector<double> weights;  // of the profiles given, 1 in all: what has stopped moving is kept as it is
  double error = 0.0;           // distance of the combined profile from the one wanted, as a share of that one's norm
  double amplification = 0.0;   // norm of the weights: how much larger rounding errors are in the sum

  // Whether the sum may be taken for the average that was wanted.
  bool is_near() const { return error <= kLargestProfileError && amplification <= kLargestAmplification; }
};

// The nearest to `wanted` that a combination of `given` comes, by least squares over profiles; where rounding errors
// would grow more than twofold, with a small penalty on the weights. They are at least one, and differ from each other.
Combination combine(std::span<const PowerProfile> given, const PowerProfile& wanted);

// The shortest and the longest average of `step` that can be rebuilt from `given`; nothing where none can be.
std::optional<std::array<double, 2>> lengths_within_reach(std::span<const PowerProfile> given, int64_t step);

}  // namespace pixnerd::train
