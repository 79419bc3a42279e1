#include "sample/diffusers_scheduler.h"

#include <algorithm>
#include <optional>
#include <string>
#include <system_error>

#include "config/json.h"
#include "config/schema.h"
#include "core/errors.h"
#include "core/file.h"
#include "core/log.h"
#include "core/text.h"

namespace pixnerd::sample {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMostSchedulerBytes = size_t{1} << 20;

// PixNerdFlowMatchScheduler, with the defaults of its code for what is not stated.
struct Scheduler {
  int64_t steps = 25, order = 2;
  double guidance = 4.0, timeshift = 3.0, lowest = 0.0, highest = 1.0;
  std::optional<double> last_step;

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& visit) {
    visit("num_inference_steps", self.steps, "steps of the time grid");
    visit("order", self.order, "velocities that a step combines");
    visit("guidance_scale", self.guidance, "scale of guidance");
    visit("timeshift", self.timeshift, "of the time grid");
    visit("guidance_interval_min", self.lowest, "where guidance begins");
    visit("guidance_interval_max", self.highest, "where guidance ends");
    visit("last_step", self.last_step, "length of the last step");
  }
};

// In the pipeline's folder, or beside a network of its own.
fs::path config_beside(const fs::path& weights) {
  const fs::path folder = weights.parent_path();
  for (const fs::path& pipeline : {folder / "..", folder}) {
    const fs::path config = (pipeline / "scheduler" / "scheduler_config.json").lexically_normal();
    std::error_code error;
    if (fs::is_regular_file(config, error)) return config;
  }
  return {};
}

diffusion::SamplerConfig settings_of(const Scheduler& scheduler, diffusion::SamplerConfig sampler) {
  sampler.solver = diffusion::SolverKind::adams;
  sampler.order = scheduler.order;
  sampler.steps = scheduler.steps;
  sampler.guidance = scheduler.guidance;
  sampler.timeshift = scheduler.timeshift;
  sampler.last_step = scheduler.last_step;
  sampler.guidance_interval.reset();
  if (scheduler.lowest > 0 || scheduler.highest < 1) sampler.guidance_interval = {scheduler.lowest, scheduler.highest};
  // Within the limits that hold for all settings.
  diffusion::SamplerConfig checked;
  config::read(config::member_value(sampler), checked);
  return checked;
}

}  // namespace

void take_scheduler(const fs::path& weights, SampleConfig& settings) {
  if (!weights.filename().string().starts_with("diffusion_pytorch_model")) return;
  const fs::path path = config_beside(weights);
  if (path.empty()) return;
  const auto pass_over = [&](const std::string& why) {
    log_warning(concat(quoted(path), " is not used: ", why, "; the sampler's settings are the published ones"));
  };
  try {
    config::Value value = config::parse_json(read_file(path, kMostSchedulerBytes), path.string());
    const config::Value* const name = value.find("_class_name");
    if (name == nullptr || name->scalar != "PixNerdFlowMatchScheduler") {
      return pass_over(concat("it is of ", name == nullptr ? "no scheduler that it names" : quoted(name->scalar)));
    }
    config::KeysOfFields known;
    Scheduler scheduler;
    Scheduler::fields(scheduler, known);
    std::erase_if(value.fields, [&](const auto& field) {
      return std::find(known.keys.begin(), known.keys.end(), field.first) == known.keys.end();
    });
    config::read(value, scheduler);
    settings.sampler = settings_of(scheduler, settings.sampler);
    log_info(concat(quoted(path), ": Adams of order ", scheduler.order, ", ", scheduler.steps, " steps, guidance ",
                    scheduler.guidance, ", time shift ", scheduler.timeshift));
  } catch (const Error& error) {
    pass_over(error.what());
  }
}

}  // namespace pixnerd::sample
