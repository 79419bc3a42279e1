#include "train/power_profile.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/dot.h>
#include <ATen/ops/linalg_solve.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>

namespace pixnerd::train {
namespace {

// Of a profile, a density over (0, end].
struct Density {
  explicit Density(const PowerProfile& profile)
      : gamma(gamma_of(profile.sigma_rel)), end(static_cast<double>(profile.step)) {}

  double gamma, end;
};

// The integral over time of the product of two densities, each divided by its norm: these are of very different sizes
// early and late in a run.
double cosine(const Density& a, const Density& b) {
  if (a.end > b.end) return cosine(b, a);
  const double norms = std::sqrt((2 * a.gamma + 1) * (2 * b.gamma + 1));
  return norms / (a.gamma + b.gamma + 1) * std::pow(a.end / b.end, b.gamma + 0.5);
}

double norm(const Density& density) {
  return (density.gamma + 1) / std::sqrt((2 * density.gamma + 1) * density.end);
}

// The profiles given, as the conditions under which a combination of them is nearest to some other: the gradient of the
// squared distance is that of the sum of the weights times a multiplier.
class Basis {
 public:
  explicit Basis(std::span<const PowerProfile> given) : densities_(given.begin(), given.end()) {
    const auto size = static_cast<int64_t>(densities_.size());
    conditions_ = at::zeros({size + 1, size + 1}, at::kDouble);
    auto rows = conditions_.accessor<double, 2>();
    for (int64_t i = 0; i < size; ++i) {
      for (int64_t j = 0; j < size; ++j) rows[i][j] = cosine(at(i), at(j));
      rows[i][size] = rows[size][i] = 1.0 / norm(at(i));
    }
  }

  // Least squares amplify what is rounded in snapshots where a short average is told from the differences between
  // longer ones; where it would be by much, a little of the profile is given for less of that.
  Combination nearest_to(const Density& wanted) const {
    constexpr double kMuch = 2, kPenalty = 1e-4;
    Combination exact = nearest_to(wanted, 0);
    return exact.amplification <= kMuch ? exact : nearest_to(wanted, kPenalty);
  }

 private:
  // The squared distance, as a share of the wanted density's, with `penalty` times the squared weights is least.
  Combination nearest_to(const Density& wanted, double penalty) const {
    const auto size = static_cast<int64_t>(densities_.size());
    at::Tensor aims = at::ones({size + 1}, at::kDouble);
    double* const aim = aims.mutable_data_ptr<double>();
    at::Tensor penalties = at::zeros({size + 1}, at::kDouble);
    for (int64_t i = 0; i < size; ++i) {
      aim[i] = cosine(at(i), wanted);
      penalties.mutable_data_ptr<double>()[i] = penalty * std::pow(norm(wanted) / norm(at(i)), 2);
    }
    aim[size] = 1.0 / norm(wanted);
    const at::Tensor solved = at::linalg_solve(conditions_ + penalties.diag(), aims).narrow(0, 0, size);
    const at::Tensor among = conditions_.narrow(0, 0, size).narrow(1, 0, size);
    const double squared = at::dot(solved, among.mv(solved) - aims.narrow(0, 0, size) * 2).item<double>() + 1.0;
    Combination combination{{}, std::sqrt(std::max(0.0, squared)), 0.0};
    for (int64_t i = 0; i < size; ++i) {
      const double weight = solved.const_data_ptr<double>()[i] * norm(wanted) / norm(at(i));
      combination.weights.push_back(weight);
      combination.amplification = std::hypot(combination.amplification, weight);
    }
    return combination;
  }

  const Density& at(int64_t index) const { return densities_[static_cast<size_t>(index)]; }

  std::vector<Density> densities_;
  at::Tensor conditions_;
};

}  // namespace

double sigma_rel_of(double gamma) {
  return std::sqrt((gamma + 1) / (gamma + 3)) / (gamma + 2);
}

double gamma_of(double sigma_rel) {
  double low = 0.0, high = 1.0 / kShortestLength;  // sigma_rel falls with gamma, and is below 1 / gamma
  for (int i = 0; i < 64; ++i) {
    const double middle = (low + high) / 2;
    (sigma_rel_of(middle) > sigma_rel ? low : high) = middle;
  }
  return (low + high) / 2;
}

double power_decay(double gamma, int64_t step) {
  return std::pow(1.0 - 1.0 / static_cast<double>(step), gamma + 1);
}

Combination combine(std::span<const PowerProfile> given, const PowerProfile& wanted) {
  return Basis(given).nearest_to(Density(wanted));
}

std::optional<std::array<double, 2>> lengths_within_reach(std::span<const PowerProfile> given, int64_t step) {
  const Basis basis(given);
  const auto is_near = [&](double length) { return basis.nearest_to(Density({step, length})).is_near(); };
  constexpr int kLengths = 60;  // each a tenth longer than the last
  std::optional<double> near;
  for (const PowerProfile& each : given) {
    if (each.step == step) near = each.sigma_rel;
  }
  for (int i = 0; i < kLengths && !near; ++i) {
    const double length = std::min(kLongestLength, kShortestLength * std::pow(1.1, i));
    if (is_near(length)) near = length;
  }
  if (!near) return std::nullopt;
  // The last that is near on the way to one perhaps too far.
  const auto farthest = [&](double outside) {
    if (is_near(outside)) return outside;
    double inside = *near;
    for (int i = 0; i < 20; ++i) {
      const double middle = (inside + outside) / 2;
      (is_near(middle) ? inside : outside) = middle;
    }
    return inside;
  };
  return std::array{farthest(kShortestLength), farthest(kLongestLength)};
}

}  // namespace pixnerd::train
