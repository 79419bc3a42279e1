// The part of `pixnerd sample` that draws prompt suites: GenEval's and DPG-Bench's.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "cli/preparation.h"
#include "cli/processes.h"
#include "cli/sample_plan.h"
#include "sample/record.h"

namespace pixnerd::cli {

struct SuiteFlags {
  std::string name, metadata;  // name: "geneval", "dpg", or "" for no suite
};

// --suite, --metadata; after those of PictureFlags, some of which they take the place of.
void add_suite_flags(CLI::App& command, SuiteFlags& flags);

// What a suite is drawn with, besides its flags.
struct SuiteSettings {
  const PictureFlags& pictures;
  std::string out;
  bool overwrite = false;
  InputFiles inputs;
  sample::PictureRecord common;  // what the records of all pictures have in common
  bool json = false;             // say so as one line of JSON
};

// Draws what is missing in the folder, by all processes, and says so. CLI::ValidationError for flags that do not go
// together; RequestError as SuiteFolder's, for sizes and memory as check(), and when it was interrupted before the end.
void draw_suite(const SuiteFlags& flags, const SuiteSettings& settings, const Processes& processes,
                const DrawingTools& tools);

}  // namespace pixnerd::cli
