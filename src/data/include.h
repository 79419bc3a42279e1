// Which parts of a set of pictures are used: data.include, eval.include and --include.
#pragma once

#include <string>
#include <vector>

#include "data/config.h"

namespace pixnerd::data {

// The names, in their order, that fit at least one of config.include's patterns (* any text, ? any character, [a-c]);
// all of them if it is empty. ConfigError for a pattern that fits none of them; `what` names their kind in it, as in
// "class folder".
std::vector<std::string> included(std::vector<std::string> names, const DataConfig& config, const char* what);

}  // namespace pixnerd::data
