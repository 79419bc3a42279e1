// `pixnerd data`: what a data set holds, and shards out of folders.
#pragma once

#include "cli/command.h"

namespace pixnerd::cli {

void add_data(CLI::App& program);

}  // namespace pixnerd::cli
