// The flags that verbs which read checkpoints share.
#pragma once

#include <CLI/CLI.hpp>

namespace pixnerd::cli {

inline constexpr const char* kCheckpointHelp =
    "a checkpoint: safetensors, their index, a file of PyTorch or PyTorch Lightning, or the folder of a run, whose "
    "newest "
    "it is, or of Diffusers";

inline void add_ignore_unknown(CLI::App& command, bool& ignore_unknown) {
  command.add_flag("--ignore-unknown", ignore_unknown,
                   "pass over objects of classes that no checkpoint of weights needs, instead of refusing the file; "
                   "nothing is ever run");
}

}  // namespace pixnerd::cli
