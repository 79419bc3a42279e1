// The flags that verbs which read checkpoints share.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>

#include "core/destination.h"
#include "models/config.h"

namespace pixnerd::cli {

inline constexpr const char* kCheckpointHelp =
    "a checkpoint: safetensors, their index, a file of PyTorch or PyTorch Lightning, or the folder of a run, whose "
    "newest "
    "it is, or of Diffusers";

// Adds a checkpoint's file; of an index of shards those, too.
void add_checkpoint(InputFiles& inputs, const std::string& path);

// --decoder: which one a text-to-image network has whose file does not say, in one of decoder_of()'s words.
void add_decoder(CLI::App& command, std::string& decoder);

// Nothing for "".
std::optional<models::ModelType> decoder_of(const std::string& name);

inline void add_ignore_unknown(CLI::App& command, bool& ignore_unknown) {
  command.add_flag("--ignore-unknown", ignore_unknown,
                   "pass over objects of classes that no checkpoint of weights needs, instead of refusing the file; "
                   "nothing is ever run");
}

}  // namespace pixnerd::cli
