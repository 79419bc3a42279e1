// What `pixnerd sample` says of what it wrote, on standard output.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cli/sample_plan.h"
#include "models/network.h"
#include "sample/drawing.h"
#include "sample/picture_output.h"
#include "sample/trajectory.h"

namespace pixnerd::cli {

// In the log, before work that takes long: how much memory and disk it takes.
void tell_of_work(const models::Network& network, const sample::DrawSettings& settings, const SamplePlan& plan,
                  const std::filesystem::path& out);

// "foxes.png: 8 pictures in 4 columns, seeds 0 to 7".
void report(const sample::Written& written, const SamplePlan& plan);

void report(const sample::Trajectory& trajectory);

// What a program wants to know beside sample::Written.
struct SampleFacts {
  const SamplePlan& plan;
  std::function<sample::PictureRecord(int64_t number)> record;
  std::string checkpoint;                // as it was named
  std::vector<bool> is_there;            // of the pictures, from an earlier run; may be empty
  const sample::Trajectory* trajectory;  // null: none
  double seconds = 0;
};

// All of it as one line of JSON: docs/program.md has the fields.
void print_json(const sample::Written& written, const SampleFacts& facts);

}  // namespace pixnerd::cli
