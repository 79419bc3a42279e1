#include "cli/compute_flags.h"

#include <ATen/Parallel.h>

#include "cli/checks.h"
#include "config/member.h"
#include "core/errors.h"
#include "core/text.h"
#include "core/threads.h"
#include "diffusion/limits.h"
#include "models/device.h"

namespace pixnerd::cli {

models::Precision ComputeFlags::precision() const {
  if (const auto precision = config::enum_value<models::Precision>(dtype)) return *precision;
  throw RequestError(concat("there is no arithmetic ", quoted(dtype)));
}

void add_compute_flags(CLI::App& command, ComputeFlags& flags) {
  command
      .add_option("--dtype", flags.dtype,
                  "arithmetic: float32, bfloat16 with float32 sums, or int8 with the rest in bfloat16")
      ->check(one_of(config::names_of<models::Precision>()))
      ->type_name("float32|bfloat16|int8")
      ->capture_default_str();
  add_device_flags(command, flags);
}

CLI::Option* add_device_flag(CLI::App& command, ComputeFlags& flags) {
  return command
      .add_option("--device", flags.device,
                  "where to compute: auto takes a GPU if there is one, cuda the first, cuda:1 the second")
      ->check(CLI::Validator(
          [](const std::string& name) {
            return models::is_device_name(name) ? "" : concat(quoted(name), " is none of auto, cpu, cuda, cuda:N");
          },
          ""))
      ->type_name("auto|cpu|cuda|cuda:N")
      ->capture_default_str();
}

void add_device_flags(CLI::App& command, ComputeFlags& flags) {
  add_device_flag(command, flags);
  command.add_option("--threads", flags.threads, "threads of one operation; all processors unless given")
      ->check(between(1, diffusion::kMostThreads))
      ->type_name("N");
}

at::Device device_of(const ComputeFlags& flags) {
  return models::device_of(flags.device);
}

at::Device set_up(const ComputeFlags& flags) {
  at::set_num_threads(flags.threads > 0 ? flags.threads : hardware_threads());
  return device_of(flags);
}

}  // namespace pixnerd::cli
