#include "cli/sampler_flags.h"

#include <string>

#include "cli/checks.h"
#include "cli/setting_flags.h"
#include "config/member.h"
#include "config/schema.h"
#include "core/errors.h"
#include "core/log.h"
#include "core/text.h"
#include "sample/preset.h"

namespace pixnerd::cli {
namespace {

// --last-step-stochastic may stand alone: the last step is then one of the same form as the others.
bool last_step_is_like_others(const SamplerFlags& flags) {
  return flags.last_step_stochastic->count() > 0 && flags.given.find("last_step_stochastic") == nullptr;
}

// --decode-size WxH@T is --decode-size WxH --decode-time T.
void take_time_with_size(CLI::App& command) {
  CLI::Option* const time = command.get_option("--decode-time");
  command.get_option("--decode-size")
      ->type_name("WxH[@T]|none")
      ->transform(CLI::Validator(
          [time](std::string& text) -> std::string {
            const size_t at = text.find('@');
            if (at == std::string::npos) return "";
            if (time->count() > 0) return "has a time with it, so that --decode-time is one too many";
            time->add_result(text.substr(at + 1));
            text.resize(at);
            return "";
          },
          ""));
}

sample::PresetSettings settings_of(const std::string& preset, sample::SampleConfig stored) {
  if (const auto known = config::enum_value<sample::Preset>(preset)) {
    return sample::settings_of(*known, std::move(stored));
  }
  throw RequestError(concat("there is no preset ", quoted(preset)));
}

}  // namespace

void add_preset(CLI::App& command, SamplerFlags& flags, ComputeFlags& compute, const std::string& dtype) {
  command
      .add_option("--preset", flags.preset,
                  "solver, steps and arithmetic that go together: exact, the checkpoint's own settings in float32; "
                  "balanced; fast. Where the processor lacks an arithmetic, the next better one is taken. Flags that "
                  "are given as well replace its settings")
      ->check(one_of(config::names_of<sample::Preset>()))
      ->type_name("exact|balanced|fast");
  command.parse_complete_callback([&flags, &compute, option = command.get_option(dtype)] {
    if (flags.preset.empty() || option->count() > 0) return;
    const models::Precision precision =
        models::available_precision(settings_of(flags.preset, {}).precision, device_of(compute));
    compute.dtype = config::enum_name(precision);
  });
}

void add_sampler_flags(CLI::App& command, SamplerFlags& flags) {
  const sample::SampleConfig defaults;
  flags.given.source = "the sampler's settings";
  SettingFlags settings(command, flags.given);
  sample::SampleConfig::fields(defaults, settings);
  take_time_with_size(command);
  flags.last_step_stochastic = command.get_option("--last-step-stochastic");
  flags.last_step_stochastic->expected(0, 1)->type_name("[none|mean|sde|preserve]");
  command.footer("What is not given is taken from the `sample:` section of the checkpoint's configuration.");
}

sample::SampleConfig settings_of(const SamplerFlags& flags, sample::SampleConfig config) {
  if (!flags.preset.empty()) config = settings_of(flags.preset, std::move(config)).sample;
  try {
    config = sample::with_settings(std::move(config), flags.given);
    if (last_step_is_like_others(flags)) {
      config.sampler.last_step_stochastic = config.sampler.stochastic;
      config.validate();
    }
  } catch (const ConfigError& error) {
    throw CLI::ValidationError(error.what());
  }
  return config;
}

void tell_of_reuse(const SamplerFlags& flags, const sample::SampleConfig& stored) {
  const diffusion::SamplerConfig& before = stored.sampler;
  const bool asks = !flags.preset.empty() || flags.given.find("reuse") || flags.given.find("encode_steps");
  if (asks || before.encode_steps.empty() || !settings_of(flags, stored).sampler.encode_steps.empty()) return;
  log_info(
      concat("the steps at which to compute s (encode_steps) are stored for ", before.steps,
             " steps and other settings than these, with which s is computed at every step; `pixnerd schedule` chooses "
             "steps for them"));
}

}  // namespace pixnerd::cli
