// `pixnerd ema`: an average of any length, of the snapshots that a run has stored.
#pragma once

#include "cli/command.h"

namespace pixnerd::cli {

void add_ema(CLI::App& program);

}  // namespace pixnerd::cli
