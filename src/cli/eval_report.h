// What `pixnerd eval` prints.
#pragma once

#include <cstdint>
#include <string>

#include "eval/evaluate.h"

namespace pixnerd::cli {

// The figures of so many pictures on standard output, seen by `network`: a table, or one line of JSON with the
// warnings, too.
void print_table(const eval::Report& report, int64_t pictures, const std::string& network);
void print_json(const eval::Report& report, int64_t pictures, const std::string& network);

}  // namespace pixnerd::cli
