// Where networks compute: the CPU, or a GPU by the names that the framework has for them.
#pragma once

#include <c10/core/Device.h>

#include <string>

namespace pixnerd::models {

// auto, cpu, cuda, and the GPUs of a machine by their numbers, cuda:0, cuda:1 and so on.
bool is_device_name(const std::string& name);

// The device of that name; of auto the GPU if there is one, else the CPU. RequestError that says what to use instead
// for a GPU that is not there. On a GPU float32 then means float32 for the whole process: products and convolutions do
// not round to TF32, of which the framework would take convolutions.
c10::Device device_of(const std::string& name);

// Waits until the device has computed all that it was told: for whoever looks at the clock. Nothing on a CPU.
void synchronize(const c10::Device& device);

}  // namespace pixnerd::models
