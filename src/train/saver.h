// The checkpoints of a run: collected from all processes, written by the first, in the background where memory allows.
#pragma once

#include <cstdint>
#include <filesystem>
#include <mutex>
#include <string>
#include <utility>

#include "train/checkpoint_writer.h"
#include "train/run_folder.h"
#include "train/trainer.h"

namespace pixnerd::train {

// The run has diverged: a parameter or a state is not finite. Nothing was stored.
struct NotFiniteError : DataError {
  using DataError::DataError;
};

class Saver {
 public:
  explicit Saver(sample::ModelDescription description) : description_(std::move(description)) {}

  // On rank 0, before the first save(). The folder must outlive the saver.
  void write_into(const RunFolder& folder) { folder_ = &folder; }

  // A checkpoint that is there already.
  void begin_from(const std::filesystem::path& checkpoint, int64_t step);

  enum class When { now, in_background };

  // Collective. The state after the trainer's step, unless it is saved already. In the background a copy of it is
  // written while training goes on, if there is memory for one; an error of the writing is thrown by a later call.
  // DataError where it cannot be written, NotFiniteError.
  void save(const Trainer& trainer, const RunState& state, When when);

  // Throws what the writing threw, if it has ended; finish() waits for it. On rank 0; nothing elsewhere.
  void check() { writer_.check(); }
  void finish() { writer_.wait(); }

  int64_t saved_step() const { return saved_step_; }

  // The last one that is written; empty where there is none.
  std::filesystem::path last() const;

  // For messages at the end of a run: "; the last good checkpoint is ...". Waits for one that is being written.
  std::string last_good();

 private:
  void write(const checkpoint::NamedTensors& tensors, const RunState& state, int64_t step);
  void require_finite(const checkpoint::NamedTensors& tensors, int64_t step);

  const RunFolder* folder_ = nullptr;
  sample::ModelDescription description_;
  int64_t saved_step_ = 0;  // nothing is to be saved of step 0
  mutable std::mutex mutex_;
  std::filesystem::path last_;
  CheckpointWriter writer_;  // last: it ends before what it writes into
};

}  // namespace pixnerd::train
