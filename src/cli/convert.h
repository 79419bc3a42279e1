// `pixnerd convert`: a checkpoint in another format, another dtype, or with one of its nets alone.
#pragma once

#include "cli/command.h"

namespace pixnerd::cli {

void add_convert(CLI::App& program);

}  // namespace pixnerd::cli
