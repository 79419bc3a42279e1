// `pixnerd info`: what a checkpoint says of itself.
#pragma once

#include "cli/command.h"

namespace pixnerd::cli {

void add_info(CLI::App& program);

}  // namespace pixnerd::cli
