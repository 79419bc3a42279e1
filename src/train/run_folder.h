// The folder of a run:
//
//   config.yaml                             the resolved configuration
//   checkpoints/step-00000040.safetensors   the trainer's whole state after step 40, one file each
//   samples/step-00000040.png               pictures drawn on the way
//   reference.safetensors                   what eval.reference is, where that is pictures; made anew if it is missing
//   log.jsonl, events.out.tfevents.*        see run_log.h
//   run.lock                                held by the process that trains
//
// Every file but the logs appears whole or not at all, so that a run can be killed at any moment. Nothing in a
// checkpoint depends on the clock.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "core/file_lock.h"
#include "sample/model_file.h"
#include "train/config.h"
#include "train/loss_by_time.h"
#include "train/trainer.h"

namespace pixnerd::train {

// What a checkpoint keeps besides tensors.
struct RunState {
  RunConfig config;
  uint64_t data_fingerprint = 0;
  LossByTime since_log_line;  // of the steps after the last line of the log
};

class RunFolder {
 public:
  // Makes the folder, or enters one. Without `resume` it must be missing or empty; with it, also the folder of a run,
  // of which half-written files are removed. DataError otherwise, and if another process trains in it.
  static RunFolder open(const std::filesystem::path& path, bool resume);

  const std::filesystem::path& path() const { return path_; }

  // The checkpoint of the highest step, if there is any.
  std::optional<std::filesystem::path> last_checkpoint() const;

  // The configuration in config.yaml, if it is there. ConfigError if it cannot be read.
  std::optional<RunConfig> config() const;
  void write(const RunConfig& config) const;

  // Writes a checkpoint under the trainer's step, synced and renamed, then removes old ones beyond
  // train.keep_checkpoints. DataError if it cannot be written; those of before are then all there.
  std::filesystem::path save(const Trainer& trainer, const sample::ModelDescription& description,
                             const RunState& state) const;

  std::filesystem::path sample_path(int64_t step) const;

  // Of what was seen in the pictures of eval.reference.
  std::filesystem::path reference_path() const { return path_ / "reference.safetensors"; }

 private:
  RunFolder(std::filesystem::path path, FileLock lock) : path_(std::move(path)), lock_(std::move(lock)) {}

  // Ascending by step.
  std::vector<std::pair<int64_t, std::filesystem::path>> checkpoints() const;

  std::filesystem::path path_;
  FileLock lock_;
};

// What a checkpoint says of its run, and its tensors into the trainer. `check` sees the state before anything is
// changed and throws if the run must not go on from it. CheckpointError naming the file: it is damaged, or not a
// checkpoint of a run.
RunState restore(const std::filesystem::path& checkpoint, Trainer& trainer,
                 const std::function<void(const RunState&)>& check);

}  // namespace pixnerd::train
