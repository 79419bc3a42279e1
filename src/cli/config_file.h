// Configurations named on the command line: a file, or one that is built into the program, with --set over it.
#pragma once

#include <string>
#include <vector>

#include "train/config.h"

namespace pixnerd::cli {

// `name` is a built-in configuration ("imagenet256_L16") or the path of a YAML file; `settings` are the "key=value"
// texts of --set. ConfigError as config::read, and with the built-in names for a name that is neither.
train::RunConfig read_run_config(const std::string& name, const std::vector<std::string>& settings);

}  // namespace pixnerd::cli
