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
#include <utility>
#include <vector>

#include "checkpoint/tensors.h"
#include "core/errors.h"
#include "core/file_lock.h"
#include "train/config.h"
#include "train/run_state.h"

namespace pixnerd::train {

// How a run begins.
enum class Start {
  anew,            // in a folder that is missing or empty
  resume,          // in the folder of a run that has stored a checkpoint
  resume_or_anew,  // either, or where a run ended before its first checkpoint
};

// There is no checkpoint to go on from.
struct NothingToResume : DataError {
  using DataError::DataError;
};

class RunFolder {
 public:
  // Whether a run may start there: DataError, NothingToResume. Nothing is made or changed.
  static void require(const std::filesystem::path& path, Start start);

  // How the run that `start` goes on with was configured at its last start; nothing where a run begins, or where that
  // cannot be read.
  static std::optional<RunConfig> configuration_to_resume(const std::filesystem::path& path, Start start);

  // Makes the folder, or enters the one of a run, of which half-written files are removed. Throws as require(), and
  // DataError if another process trains in it.
  static RunFolder open(const std::filesystem::path& path, Start start);

  RunFolder(RunFolder&&) noexcept = default;
  RunFolder& operator=(RunFolder&&) = delete;

  // Unless something is to stay, removes what open() and its caller made in a new folder, and the folder.
  ~RunFolder();

  // From now on there is something in the folder that is worth keeping.
  void keep() { to_remove_.clear(); }

  const std::filesystem::path& path() const { return path_; }

  // (step, file), the newest first.
  std::vector<std::pair<int64_t, std::filesystem::path>> checkpoints() const;

  void write(const RunConfig& config) const;

  // Writes a checkpoint of this step, a Trainer::state(), synced and renamed, then removes old ones beyond
  // train.keep_checkpoints. DataError if it cannot be written; those of before are then all there.
  std::filesystem::path save(const checkpoint::NamedTensors& tensors, const sample::ModelDescription& description,
                             const RunState& state, int64_t step) const;

  std::filesystem::path checkpoints_path() const;
  std::filesystem::path sample_path(int64_t step) const;  // its folder is made

  // Of what was seen in the pictures of eval.reference.
  std::filesystem::path reference_path() const;

 private:
  RunFolder(std::filesystem::path path, FileLock lock, std::vector<std::filesystem::path> to_remove)
      : path_(std::move(path)), lock_(std::move(lock)), to_remove_(std::move(to_remove)) {}

  std::filesystem::path path_;
  FileLock lock_;
  std::vector<std::filesystem::path> to_remove_;  // files and folders, those inside last
};

}  // namespace pixnerd::train
