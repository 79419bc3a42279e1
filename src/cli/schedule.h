// `pixnerd schedule`: the steps at which a network's conditioning s is best computed, chosen by measurement and stored
// with its weights.
#pragma once

#include "cli/command.h"

namespace pixnerd::cli {

void add_schedule(CLI::App& program);

}  // namespace pixnerd::cli
