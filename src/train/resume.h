// Going on with a run: from which checkpoint, and whether with these settings.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "train/config.h"
#include "train/run_folder.h"
#include "train/run_state.h"

namespace pixnerd::train {

// The keys, dotted, in which a resumed run may differ from how it began: how long it goes on, what it reports, and
// where its pictures lie; never what it learns from.
std::span<const std::string_view> changeable_on_resume();

// ConfigError naming every other key whose value differs, with both values.
void check_resumable(const RunConfig& before, const RunConfig& now);

struct StoredRun {
  std::filesystem::path checkpoint;
  int64_t step = 0;
  RunState state;
  std::map<std::string, at::Tensor> tensors;  // alias the mapped file; all finite
};

// The newest checkpoint that is whole; nothing where there is none at all. Damaged ones that are newer get the ending
// ".damaged", with a warning: the run will come to their steps again. CheckpointError where all are damaged.
std::optional<StoredRun> stored_run(const RunFolder& folder);

// The checkpoint of the run that is stored there, whole and finite. CheckpointError.
StoredRun read_run(const std::filesystem::path& checkpoint);

// Whether `config` with pictures of this fingerprint may go on with `stored`; what it changes is said in the log.
// ConfigError as check_resumable(), DataError for other pictures.
void require_same_run(const StoredRun& stored, const RunConfig& config, uint64_t data_fingerprint);

// Whether every number is finite.
bool is_finite(const at::Tensor& tensor);

}  // namespace pixnerd::train
