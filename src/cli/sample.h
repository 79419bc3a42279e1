// `pixnerd sample`: draws pictures from a checkpoint into a grid or a folder.
#pragma once

#include "cli/command.h"

namespace pixnerd::cli {

void add_sample(CLI::App& program);

}  // namespace pixnerd::cli
