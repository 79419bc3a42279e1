// `pixnerd edit`: draws a picture anew, whole, in part, or with more around it.
#pragma once

#include "cli/command.h"

namespace pixnerd::cli {

void add_edit(CLI::App& program);

}  // namespace pixnerd::cli
