// pixnerd bench: times one configuration with random weights on this machine.
#pragma once

#include "cli/command.h"

namespace pixnerd::cli {

void add_bench(CLI::App& program);

}  // namespace pixnerd::cli
