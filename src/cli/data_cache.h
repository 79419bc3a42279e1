// `pixnerd data cache`: makes the file of data.cache, and `pixnerd data speed`: how fast pictures are made ready.
#pragma once

#include "cli/command.h"

namespace pixnerd::cli {

void add_data_cache(CLI::App& data);
void add_data_speed(CLI::App& data);

}  // namespace pixnerd::cli
