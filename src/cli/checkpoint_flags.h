// The flags that verbs which read checkpoints share.
#pragma once

#include <CLI/CLI.hpp>

namespace pixnerd::cli {

inline void add_ignore_unknown(CLI::App& command, bool& ignore_unknown) {
  command.add_flag("--ignore-unknown", ignore_unknown,
                   "pass over objects of classes that no checkpoint of weights needs, instead of refusing the file; "
                   "nothing is ever run");
}

}  // namespace pixnerd::cli
