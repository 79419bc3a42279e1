#include "cli/compute_flags.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>

#include "cli/checks.h"
#include "config/member.h"
#include "core/errors.h"
#include "core/text.h"
#include "core/threads.h"
#include "diffusion/limits.h"

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

void add_device_flags(CLI::App& command, ComputeFlags& flags) {
  command.add_option("--device", flags.device, "where to compute; auto takes a GPU if there is one")
      ->check(one_of({"auto", "cpu", "cuda"}))
      ->type_name("auto|cpu|cuda")
      ->capture_default_str();
  command.add_option("--threads", flags.threads, "threads of one operation; all processors unless given")
      ->check(between(1, diffusion::kMostThreads))
      ->type_name("N");
}

at::Device device_of(const ComputeFlags& flags) {
  if (flags.device == "cpu") return at::kCPU;
  if (at::hasCUDA()) return at::kCUDA;
  if (flags.device == "auto") return at::kCPU;
  throw RequestError(
      "--device cuda: no GPU can be used here (none is present, or this LibTorch is built without CUDA); "
      "use --device cpu");
}

at::Device set_up(const ComputeFlags& flags) {
  at::set_num_threads(flags.threads > 0 ? flags.threads : hardware_threads());
  return device_of(flags);
}

}  // namespace pixnerd::cli
