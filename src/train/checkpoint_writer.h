// Checkpoints written while training goes on: one at a time, in a thread.
#pragma once

#include <functional>
#include <future>

namespace pixnerd::train {

class CheckpointWriter {
 public:
  CheckpointWriter() = default;
  ~CheckpointWriter();  // waits
  CheckpointWriter(const CheckpointWriter&) = delete;
  CheckpointWriter& operator=(const CheckpointWriter&) = delete;

  // Waits for what is being written, and starts `work` in a thread. Throws what the work before threw.
  void start(std::function<void()> work);

  // Waits until nothing is being written; throws what the work threw.
  void wait();

  // Throws what the work threw, if it has ended by that.
  void check();

 private:
  std::future<void> under_way_;
};

}  // namespace pixnerd::train
