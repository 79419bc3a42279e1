// How long work ends before it is done: whether it should is asked where nothing is half changed, and Stopped
// is thrown there.
#pragma once

#include <exception>
#include <functional>
#include <string_view>

#include "core/progress.h"

namespace pixnerd {

using StopRequested = std::function<bool()>;

struct Stopped : std::exception {
  const char* what() const noexcept override { return "stopped on request"; }
};

inline void stop_if(const StopRequested& requested) {
  if (requested && requested()) throw Stopped();
}

// Progress of work that asks for no other permission: Stopped passes through it. What it refers to must outlive it.
class StoppableProgress : public Progress {
 public:
  explicit StoppableProgress(const StopRequested& requested) : requested_(requested) {}
  void update(int64_t, int64_t, std::string_view) override { stop_if(requested_); }

 private:
  const StopRequested& requested_;
};

}  // namespace pixnerd
