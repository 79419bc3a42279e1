// Answers that are being streamed, to be woken when something has changed.
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "http/server.h"

namespace pixnerd::serve {

// Threads: every call from any of them.
class Streams {
 public:
  Streams();
  ~Streams();
  Streams(const Streams&) = delete;
  Streams& operator=(const Streams&) = delete;

  // exchange->stream(), to be woken with the others until it ends.
  void begin(const std::shared_ptr<http::Exchange>& exchange, http::Response head, http::Source source);

  void wake_all();

  // wake_all() soon, once for all that ask until then: after kPace, or kPaceOfOne for each stream that is open. A
  // hundred watchers of a small picture, each told of every step, would take a good part of the processor from drawing.
  void wake_soon();
  static constexpr std::chrono::milliseconds kPace{100}, kPaceOfOne{4};

  // Streams look at it each time they are asked: they should end.
  void close();
  bool are_closing() const;

 private:
  void keep_pace();

  mutable std::mutex mutex_;
  std::condition_variable wanted_;
  bool is_wanted_ = false, is_ending_ = false;
  std::vector<std::weak_ptr<http::Exchange>> open_;
  bool is_closing_ = false;
  std::thread pacer_;  // last: it uses the rest
};

}  // namespace pixnerd::serve
