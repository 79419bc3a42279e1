// `pixnerd doctor`: what is wrong with a run, in words.
#pragma once

#include "cli/command.h"

namespace pixnerd::cli {

void add_doctor(CLI::App& program);

}  // namespace pixnerd::cli
