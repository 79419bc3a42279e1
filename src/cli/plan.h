// `pixnerd train --plan`: what a run would take, before anything is begun.
#pragma once

#include <cstdint>

#include "train/config.h"

namespace pixnerd::cli {

// Prints it. `disk`: bytes a second that checkpoints are written at; measured in the present folder where it is 0.
void print_plan(const train::RunConfig& config, int64_t ranks, double disk);

}  // namespace pixnerd::cli
