// A1111's names for what there is here: samplers, checkpoints, sizes.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "diffusion/sampler_config.h"
#include "serve/catalogue.h"
#include "serve/order.h"

namespace pixnerd::serve {

struct SamplerName {
  diffusion::SolverKind solver;
  const char* name;
};
std::span<const SamplerName> sampler_names();
std::string sampler_name(diffusion::SolverKind solver);

// The solver that is nearest to a sampler of any server: Euler for all that take one evaluation and their own noise,
// Heun for those of second order that take two, Adams for linear multistep, DPM++ 2M for its family. Nothing for a name
// that is not known.
struct NearestSampler {
  diffusion::SolverKind solver;
  bool is_itself = true;  // and not another one of its kind
};
std::optional<NearestSampler> nearest_sampler(const std::string& name);

// "emoji64 [0123456789]".
std::string title_of(const ServedModel& model);

// By title, name, hash or file name. Refusal (404) that names the nearest.
const ServedModel& model_titled(const std::string& title, const Catalogue& catalogue);

// Width and height that the network draws well: those asked for, if it can draw them and they have at most four times
// its own number of pixels; else its own number of them in that shape, in whole patches.
std::array<int64_t, 2> size_near(const std::array<int64_t, 2>& wanted, const ServedModel& model,
                                 const RequestLimits& limits);

}  // namespace pixnerd::serve
