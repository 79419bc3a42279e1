// The flags that name the network pictures are judged through.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "eval/extractor.h"

namespace pixnerd::cli {

struct ExtractorFlags {
  std::string inception, dinov2, efficientnet_lite, dtype = "float32", resize = "tensorflow";

  bool any() const { return !inception.empty() || !dinov2.empty() || !efficientnet_lite.empty(); }

  // CLI::ValidationError unless exactly one network is named.
  eval::ExtractorConfig config() const;
};

// --inception, --dinov2, --efficientnet-lite, --resize, --dtype.
void add_extractor_flags(CLI::App& command, ExtractorFlags& flags);

}  // namespace pixnerd::cli
