// The flags of the verbs that draw pictures into files: `sample`, and `edit`, which draws from a picture.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "cli/compute_flags.h"
#include "cli/edit_plan.h"
#include "cli/sample_plan.h"
#include "cli/suite.h"

namespace pixnerd::cli {

struct SampleFlags {
  std::string checkpoint, again, decoder, out, animate;
  PictureFlags pictures;
  EditFlags edit;
  SuiteFlags suite;
  bool overwrite = false, resume = false, labels = false, no_record = false, json = false, ignore_unknown = false;
  ComputeFlags compute;
  CLI::Option* dtype = nullptr;
};

// All but --suite and those of edits.
void add_drawing_flags(CLI::App& command, SampleFlags& flags);

}  // namespace pixnerd::cli
