#include "serve/streams.h"

#include <algorithm>
#include <cstdint>

namespace pixnerd::serve {

Streams::Streams() : pacer_([this] { keep_pace(); }) {}

Streams::~Streams() {
  {
    const std::lock_guard lock(mutex_);
    is_ending_ = true;
  }
  wanted_.notify_one();
  pacer_.join();
}

void Streams::keep_pace() {
  std::unique_lock lock(mutex_);
  while (true) {
    wanted_.wait(lock, [&] { return is_wanted_ || is_ending_; });
    const auto pace = std::max(kPace, kPaceOfOne * static_cast<int64_t>(open_.size()));
    wanted_.wait_for(lock, pace, [&] { return is_ending_; });
    if (is_ending_) return;
    is_wanted_ = false;
    lock.unlock();
    wake_all();
    lock.lock();
  }
}

void Streams::begin(const std::shared_ptr<http::Exchange>& exchange, http::Response head, http::Source source) {
  {
    const std::lock_guard lock(mutex_);
    open_.push_back(exchange);
  }
  // The source, which ends with the stream, is what keeps the exchange until then.
  exchange->stream(
      std::move(head), [exchange, source = std::move(source)] { return source(); }, ": \n\n");
}

void Streams::wake_all() {
  std::vector<std::shared_ptr<http::Exchange>> open;
  {
    const std::lock_guard lock(mutex_);
    std::erase_if(open_, [](const auto& each) { return each.expired(); });
    for (const auto& each : open_) open.push_back(each.lock());
  }
  for (const auto& each : open) {
    if (each != nullptr) each->wake();
  }
}

void Streams::wake_soon() {
  {
    const std::lock_guard lock(mutex_);
    if (is_wanted_) return;
    is_wanted_ = true;
  }
  wanted_.notify_one();
}

void Streams::close() {
  {
    const std::lock_guard lock(mutex_);
    is_closing_ = true;
  }
  wake_all();
}

bool Streams::are_closing() const {
  const std::lock_guard lock(mutex_);
  return is_closing_;
}

}  // namespace pixnerd::serve
