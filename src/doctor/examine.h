// What is wrong with a run, told from what it has left: log, checkpoints, snapshots of pictures, and the data that it
// learnt from. Nothing is changed, and the run may be at work meanwhile.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/progress.h"
#include "core/stop.h"
#include "doctor/finding.h"

namespace pixnerd::doctor {

struct ExamineOptions {
  std::string data;        // where the pictures are now, in place of data.path; "" for there
  int64_t pictures = 128;  // that the network is asked about
  at::Device device = at::kCPU;
  StopRequested stop;
};

struct Examination {
  std::string checkpoint;
  int64_t step = 0, steps = 0;  // of the checkpoint, and of the whole run
  std::vector<Finding> findings;
  std::vector<std::string> not_looked_at;  // what could not be looked at, and why
};

// DataError and CheckpointError: the folder holds no run, or no checkpoint of one that can be read. Stopped if
// options.stop says so.
Examination examine(const std::filesystem::path& run, const ExamineOptions& options, Progress& progress);

}  // namespace pixnerd::doctor
