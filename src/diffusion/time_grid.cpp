#include "diffusion/time_grid.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/linspace.h>

#include <algorithm>
#include <numeric>

namespace pixnerd::diffusion {
namespace {

// Integral from 0 to h of the polynomial with the given coefficients, constant term first.
double integrate_polynomial(const std::vector<double>& coefficients, double h) {
  double sum = 0;
  for (size_t power = coefficients.size(); power-- > 0;) {
    sum = sum * h + coefficients[power] / static_cast<double>(power + 1);
  }
  return sum * h;
}

// The Lagrange polynomial that is 1 at nodes[j] and 0 at the other nodes, constant term first.
std::vector<double> lagrange_polynomial(const std::vector<double>& nodes, size_t j) {
  std::vector<double> polynomial{1.0};
  for (size_t m = 0; m < nodes.size(); ++m) {
    if (m == j) continue;
    const double scale = 1.0 / (nodes[j] - nodes[m]);
    polynomial.push_back(0.0);
    for (size_t power = polynomial.size(); power-- > 0;) {
      const double lower = power > 0 ? polynomial[power - 1] : 0.0;
      polynomial[power] = scale * (lower - nodes[m] * polynomial[power]);
    }
  }
  return polynomial;
}

}  // namespace

float shift_time(float t, double shift) {
  const float s = static_cast<float>(shift);
  return t / (t + (1.0F - t) * s);
}

std::vector<float> time_grid(int64_t steps, double shift, std::optional<double> last) {
  const double end = 1.0 - last.value_or(1.0 / static_cast<double>(steps));
  const at::Tensor line = at::linspace(0.0, end, steps);  // the library's rounding decides which steps are guided
  std::vector<float> grid(line.data_ptr<float>(), line.data_ptr<float>() + steps);
  grid.push_back(1.0F);
  for (float& t : grid) t = shift_time(t, shift);
  return grid;
}

std::vector<double> adams_coefficients(const std::vector<float>& grid, size_t i, int64_t order) {
  const size_t count = std::min(static_cast<size_t>(order), i + 1);
  std::vector<double> nodes;
  for (size_t j = i + 1 - count; j <= i; ++j) nodes.push_back(static_cast<double>(grid[j]) - grid[i]);
  const double h = static_cast<double>(grid[i + 1]) - grid[i];

  std::vector<double> coefficients;
  for (size_t j = 0; j < count; ++j) coefficients.push_back(integrate_polynomial(lagrange_polynomial(nodes, j), h));
  const double sum = std::accumulate(coefficients.begin(), coefficients.end(), 0.0);
  for (double& c : coefficients) c /= sum;
  return coefficients;
}

}  // namespace pixnerd::diffusion
