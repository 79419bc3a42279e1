// `pixnerd sample`: draws pictures from a checkpoint into a grid or a folder.
#pragma once

#include "cli/command.h"
#include "cli/sample_flags.h"

namespace pixnerd::cli {

void add_sample(CLI::App& program);

// What the verb does, and `edit`.
void run_sample(const SampleFlags& flags);

}  // namespace pixnerd::cli
