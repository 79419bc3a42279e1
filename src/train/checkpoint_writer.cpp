#include "train/checkpoint_writer.h"

#include <chrono>
#include <utility>

namespace pixnerd::train {

CheckpointWriter::~CheckpointWriter() {
  if (under_way_.valid()) under_way_.wait();
}

void CheckpointWriter::start(std::function<void()> work) {
  wait();
  under_way_ = std::async(std::launch::async, std::move(work));
}

void CheckpointWriter::wait() {
  if (under_way_.valid()) under_way_.get();
}

void CheckpointWriter::check() {
  if (under_way_.valid() && under_way_.wait_for(std::chrono::seconds(0)) == std::future_status::ready) wait();
}

}  // namespace pixnerd::train
