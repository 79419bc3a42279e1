// The part of `pixnerd sample` that draws prompt suites: GenEval's and DPG-Bench's.
#pragma once

#include <ATen/core/Tensor.h>

#include <CLI/CLI.hpp>
#include <string>

#include "cli/sample_plan.h"
#include "sample/model_file.h"
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
  models::Precision precision = models::Precision::float32;
  at::Device device = at::kCPU;
  std::string text_encoder;      // where it is
  sample::PictureRecord common;  // what the records of all pictures have in common
  bool json = false;             // say so as one line of JSON
};

// Draws what is missing in the folder, and says so. CLI::ValidationError for flags that do not go together;
// RequestError as SuiteFolder's, for sizes and memory as sample::check_settings and check_memory, and when it was
// interrupted before the end.
void draw_suite(const SuiteFlags& flags, const SuiteSettings& settings, const sample::ModelFile& file);

}  // namespace pixnerd::cli
