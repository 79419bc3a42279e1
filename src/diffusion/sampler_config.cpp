#include "diffusion/sampler_config.h"

#include <iterator>

#include "core/errors.h"
#include "core/text.h"

namespace pixnerd::diffusion {

std::span<const std::pair<const char*, SolverKind>> enum_names(SolverKind) {
  static constexpr std::array<std::pair<const char*, SolverKind>, 5> kNames{{{"euler", SolverKind::euler},
                                                                             {"heun", SolverKind::heun},
                                                                             {"heun-reuse", SolverKind::heun_reuse},
                                                                             {"adams", SolverKind::adams},
                                                                             {"dpm++", SolverKind::dpm}}};
  return kNames;
}

std::span<const std::pair<const char*, Stochastic>> enum_names(Stochastic) {
  static constexpr std::array<std::pair<const char*, Stochastic>, 4> kNames{{{"none", Stochastic::none},
                                                                             {"mean", Stochastic::mean},
                                                                             {"sde", Stochastic::sde},
                                                                             {"preserve", Stochastic::preserve}}};
  return kNames;
}

std::span<const std::pair<const char*, NoiseScale>> enum_names(NoiseScale) {
  static constexpr std::array<std::pair<const char*, NoiseScale>, 2> kNames{
      {{"sigma", NoiseScale::sigma}, {"const", NoiseScale::constant}}};
  return kNames;
}

void SamplerConfig::validate() const {
  if (steps < 1 || steps > kMostSteps)
    throw ConfigError(concat("steps ", steps, " must be between 1 and ", kMostSteps));
  if (order < 1 || order > 4) throw ConfigError(concat("order ", order, " must be between 1 and 4"));
  if (reuse < 1) throw ConfigError(concat("reuse ", reuse, " must be at least 1"));
  const bool is_deterministic = solver == SolverKind::adams || solver == SolverKind::dpm;
  if (is_deterministic && (stochastic != Stochastic::none || last_step_stochastic != Stochastic::none)) {
    throw ConfigError(
        "the solvers adams and dpm++ have no stochastic form; use solver euler or heun, or stochastic none");
  }
  if (guidance_interval && !((*guidance_interval)[0] < (*guidance_interval)[1])) {
    throw ConfigError(concat("guidance_interval [", (*guidance_interval)[0], ", ", (*guidance_interval)[1],
                             "] is empty; give LO below HI, or none to guide at every t"));
  }
  if (last_step && steps > 1 && !(*last_step > 0.0 && *last_step < 1.0)) {
    throw ConfigError(concat("last_step ", *last_step, " must lie strictly between 0 and 1"));
  }
  if (std::ssize(encode_steps) > steps) {
    throw ConfigError(concat("encode_steps names ", encode_steps.size(), " steps, but there are ", steps));
  }
  for (const int64_t step : encode_steps) {
    if (step < 0 || step >= steps) {
      throw ConfigError(concat("encode_steps names step ", step, ", but the steps are 0 to ", steps - 1));
    }
  }
  if (!encode_steps.empty() && reuse != 1) {
    throw ConfigError("reuse and encode_steps both say when to compute s; give one of them");
  }
}

}  // namespace pixnerd::diffusion
