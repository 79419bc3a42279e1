// What a checkpoint says of its run besides tensors, in its metadata.
#pragma once

#include <cstdint>
#include <string>

#include "checkpoint/safetensors.h"
#include "sample/model_file.h"
#include "train/config.h"
#include "train/loss_by_time.h"

namespace pixnerd::train {

struct RunState {
  RunConfig config;
  uint64_t data_fingerprint = 0;
  LossWindow since_log_line;  // of the steps after the last line of the log
};

// Of a checkpoint after `step`, the description that is enough to sample from included.
checkpoint::Metadata metadata_of(const sample::ModelDescription& description, const RunState& state, int64_t step);

// The inverse. CheckpointError naming `source`: it is not of a run, or damaged.
RunState read_state(const checkpoint::Metadata& metadata, const std::string& source);

}  // namespace pixnerd::train
