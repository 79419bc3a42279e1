// The settings of a sampler: the `sample:` section of a configuration and the flags of `pixnerd sample`.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "config/schema.h"
#include "diffusion/limits.h"

namespace pixnerd::diffusion {

enum class SolverKind { euler, heun, heun_reuse, adams, dpm };
enum class Stochastic { none, mean, sde, preserve };
enum class NoiseScale { sigma, constant };

std::span<const std::pair<const char*, SolverKind>> enum_names(SolverKind);
std::span<const std::pair<const char*, Stochastic>> enum_names(Stochastic);
std::span<const std::pair<const char*, NoiseScale>> enum_names(NoiseScale);

struct SamplerConfig {
  SolverKind solver = SolverKind::euler;
  int64_t steps = 50;
  int64_t order = 2;
  Stochastic stochastic = Stochastic::none;
  NoiseScale noise_scale = NoiseScale::sigma;
  std::optional<double> last_step;
  Stochastic last_step_stochastic = Stochastic::none;
  double guidance = 1.0;
  std::optional<std::array<double, 2>> guidance_interval;
  double timeshift = 1.0;
  int64_t reuse = 1;
  std::vector<int64_t> encode_steps;

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& visit) {
    using config::at_least;
    visit("solver", self.solver, "euler, heun (2n - 1 evaluations), heun-reuse (n), adams or dpm++ (2M)");
    visit("steps", self.steps, "steps n of the time grid", config::between(1, kMostSteps));
    visit("order", self.order, "velocities that adams combines", config::between(1, 4));
    visit("stochastic", self.stochastic, "none, or the form in which a step adds noise: mean, sde or preserve");
    visit("noise_scale", self.noise_scale, "w of the stochastic forms: sigma is 1 - t, const is 1");
    visit("last_step", self.last_step, "length of the last step before the time shift; none is 1/n",
          config::between(0.0, 1.0));
    visit("last_step_stochastic", self.last_step_stochastic, "form of the last step");
    visit("guidance", self.guidance, "scale g of v = v_u + g (v_c - v_u)", at_least(0.0));
    visit("guidance_interval", self.guidance_interval, "guide where lo < t < hi; none guides at every t");
    visit("timeshift", self.timeshift, "s of t / (t + (1 - t) s)", config::positive());
    visit("reuse", self.reuse, "compute the conditioning s at steps 0, K, 2K, ... and reuse it between", at_least(1));
    visit("encode_steps", self.encode_steps, "the steps at which to compute s; empty leaves it to reuse");
  }

  // ConfigError for numbers beyond their limits and for combinations that mean nothing: adams or reuse with the wrong
  // partner, an interval upside down.
  void validate() const;

  bool operator==(const SamplerConfig&) const = default;
};

}  // namespace pixnerd::diffusion
