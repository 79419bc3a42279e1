// The sampler's settings that a Diffusers pipeline keeps beside its network: scheduler/scheduler_config.json.
#pragma once

#include <filesystem>

#include "sample/picture.h"

namespace pixnerd::sample {

// Puts what the pipeline of a file of weights (diffusion_pytorch_model*) states into `settings`, where its scheduler is
// PixNerd's, and says so; that a file of another form is not used is said, too. Other files of weights have none.
void take_scheduler(const std::filesystem::path& weights, SampleConfig& settings);

}  // namespace pixnerd::sample
