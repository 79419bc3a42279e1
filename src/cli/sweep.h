// `pixnerd sweep`: figures over lengths of the average and guidance, of a run that has stored snapshots.
#pragma once

#include "cli/command.h"

namespace pixnerd::cli {

void add_sweep(CLI::App& program);

}  // namespace pixnerd::cli
