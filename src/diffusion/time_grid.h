// The times at which a sampler evaluates the network, and the time shift that sampling and training share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace pixnerd::diffusion {

// t / (t + (1 - t) * shift): shift above 1 spends more time near the noise.
float shift_time(float t, double shift);

// linspace(0, 1 - last, steps) followed by 1, then the time shift; last defaults to 1 / steps. steps + 1 float32
// values, the same as the official ones. steps >= 1.
std::vector<float> time_grid(int64_t steps, double shift, std::optional<double> last = std::nullopt);

// Coefficients of the Adams step from grid[i] to grid[i + 1] over the last k = min(order, i + 1) velocities, oldest
// first: the exact integrals of their Lagrange polynomials, divided by their sum. Computed in double with nodes
// relative to grid[i]; the official float32 ones cancel badly at orders 3 and 4.
std::vector<double> adams_coefficients(const std::vector<float>& grid, size_t i, int64_t order);

}  // namespace pixnerd::diffusion
