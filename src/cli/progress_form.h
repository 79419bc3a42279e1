// In which form a verb speaks on standard error: to a person, or to a program as one JSON object a line
// (docs/program.md lists them).
#pragma once

#include <CLI/CLI.hpp>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/value.h"

namespace pixnerd::cli {

enum class ProgressForm {
  bar,   // a bar on a terminal, else a plain line now and then
  none,  // no progress; warnings and errors as they are
  json,  // progress, the log and errors as lines of JSON
};

ProgressForm progress_form();

// From now on, the log and the answer to signals among it.
void set_progress_form(ProgressForm form);

// --progress, for a verb that has some.
void add_progress_flag(CLI::App& command);

// For a command line that is wrong elsewhere, so that the verb's flags have not been read: what its --progress asks for
// holds all the same.
void take_progress_form(std::span<char* const> arguments);

// {"event":"<event>", ...} without the line's end. Text that is not UTF-8 is repaired.
std::string event_line(std::string_view event, std::vector<std::pair<std::string, config::Value>> fields);

// What ends the program, in the form that is set.
void print_error(int exit_code, const std::string& message);

}  // namespace pixnerd::cli
