// pixnerd train: trains a network on a folder of class folders.
#pragma once

#include "cli/command.h"

namespace pixnerd::cli {

void add_train(CLI::App& program);

}  // namespace pixnerd::cli
