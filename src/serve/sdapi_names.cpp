#include "serve/sdapi_names.h"

#include <algorithm>
#include <cmath>

#include "config/member.h"
#include "core/errors.h"
#include "core/text.h"
#include "engine/memory.h"
#include "models/token_grid.h"

namespace pixnerd::serve {
namespace {

using diffusion::SolverKind;

constexpr std::array<SamplerName, 5> kSamplers{{{SolverKind::euler, "Euler"},
                                                {SolverKind::heun, "Heun"},
                                                {SolverKind::heun_reuse, "Heun reuse"},
                                                {SolverKind::adams, "Adams"},
                                                {SolverKind::dpm, "DPM++ 2M"}}};

// What a name in small letters, without marks between its words, begins with. The first that fits counts.
constexpr std::array<std::pair<const char*, SolverKind>, 21> kFamilies{
    {{"euler", SolverKind::euler},     {"ddim", SolverKind::euler},
     {"lcm", SolverKind::euler},       {"restart", SolverKind::euler},
     {"ddpm", SolverKind::euler},      {"tcd", SolverKind::euler},
     {"flow", SolverKind::euler},      {"heunreuse", SolverKind::heun_reuse},
     {"heun", SolverKind::heun},       {"dpmpp", SolverKind::dpm},
     {"dpmadaptive", SolverKind::dpm}, {"dpmfast", SolverKind::dpm},
     {"dpm2", SolverKind::heun},       {"dpm", SolverKind::dpm},
     {"unipc", SolverKind::dpm},       {"deis", SolverKind::dpm},
     {"er", SolverKind::dpm},          {"lms", SolverKind::adams},
     {"plms", SolverKind::adams},      {"ipndm", SolverKind::adams},
     {"adams", SolverKind::adams}}};

constexpr double kMostPixels = 4;  // of the network's own
constexpr double kLongestShape = 4;

std::string plain(const std::string& name) {
  std::string text = ascii_lower(name);
  if (text.starts_with("k_")) text = text.substr(2);
  std::string letters;
  for (const char c : text) {
    if (c == '+') letters += 'p';
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) letters += c;
  }
  return letters;
}

bool is_drawable(const std::array<int64_t, 2>& size, const ServedModel& model, const RequestLimits& limits) {
  sample::SampleConfig settings = model.description.sample;
  settings.size = size;
  settings.decode_size.reset();
  try {
    engine::require_sizes(model.description.model, settings);
    const models::TokenGrid grid = models::token_grid(model.description.model, size[1], size[0]);
    return size[0] * size[1] <= limits.pixels && grid.rows * grid.columns <= limits.tokens;
  } catch (const RequestError&) {
    return false;
  }
}

}  // namespace

std::span<const SamplerName> sampler_names() {
  return kSamplers;
}

std::string sampler_name(SolverKind solver) {
  const auto found =
      std::find_if(kSamplers.begin(), kSamplers.end(), [&](const auto& each) { return each.solver == solver; });
  return found == kSamplers.end() ? "" : found->name;
}

std::optional<NearestSampler> nearest_sampler(const std::string& name) {
  const std::string letters = plain(name);
  for (const SamplerName& sampler : kSamplers) {
    if (letters == plain(sampler.name) || name == config::enum_name(sampler.solver))
      return NearestSampler{sampler.solver};
  }
  for (const auto& [family, solver] : kFamilies) {
    if (letters.starts_with(family)) return NearestSampler{solver, false};
  }
  return std::nullopt;
}

std::string title_of(const ServedModel& model) {
  constexpr size_t kShortHash = 10;
  return concat(model.name, " [", model.hash.substr(0, kShortHash), "]");
}

const ServedModel& model_titled(const std::string& title, const Catalogue& catalogue) {
  const std::string name = title.substr(0, std::min(title.rfind(" ["), title.size()));
  for (const ServedModel& model : catalogue.models()) {
    const bool is_hash = !title.empty() && title.size() >= 8 && model.hash.starts_with(title);
    if (name == model.name || title == model.name || name == model.path.filename().string() || is_hash) return model;
  }
  return catalogue.find(name);
}

std::array<int64_t, 2> size_near(const std::array<int64_t, 2>& wanted, const ServedModel& model,
                                 const RequestLimits& limits) {
  const std::array<int64_t, 2>& own = model.description.sample.size;
  const double pixels = static_cast<double>(own[0]) * static_cast<double>(own[1]);
  const bool is_small = static_cast<double>(wanted[0]) * static_cast<double>(wanted[1]) <= kMostPixels * pixels;
  if (is_small && is_drawable(wanted, model, limits)) return wanted;
  const double shape =
      std::clamp(static_cast<double>(wanted[0]) / static_cast<double>(wanted[1]), 1 / kLongestShape, kLongestShape);
  const std::array<int64_t, 2> steps = models::size_steps(model.description.model);  // height first
  const auto side = [](double exact, int64_t step) {
    return std::max<int64_t>(step, std::lround(exact / static_cast<double>(step)) * step);
  };
  const std::array<int64_t, 2> size{side(std::sqrt(pixels * shape), steps[1]),
                                    side(std::sqrt(pixels / shape), steps[0])};
  return is_drawable(size, model, limits) ? size : own;
}

}  // namespace pixnerd::serve
