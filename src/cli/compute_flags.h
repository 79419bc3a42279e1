// The flags that every verb with a network shares: what it computes on and in which arithmetic.
#pragma once

#include <ATen/core/Tensor.h>

#include <CLI/CLI.hpp>
#include <string>

#include "models/precision.h"

namespace pixnerd::cli {

struct ComputeFlags {
  std::string dtype = "float32";
  std::string device = "auto";
  int threads = 0;  // 0: as many as the machine has for us

  models::Precision precision() const;
};

// --dtype, --device, --threads.
void add_compute_flags(CLI::App& command, ComputeFlags& flags);

// --device alone.
CLI::Option* add_device_flag(CLI::App& command, ComputeFlags& flags);

// --device and --threads alone, where the configuration names the arithmetic.
void add_device_flags(CLI::App& command, ComputeFlags& flags);

// As models::device_of().
at::Device device_of(const ComputeFlags& flags);

// Sets the threads an operation runs on, for the whole process, and returns the device, as device_of().
at::Device set_up(const ComputeFlags& flags);

}  // namespace pixnerd::cli
