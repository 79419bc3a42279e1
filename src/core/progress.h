// How far long work has come: the interface it reports to, and the speed and time left that are shown.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string_view>

namespace pixnerd {

// Long work calls update() as it goes on; the command line draws it. Called from the thread that does the work.
class Progress {
 public:
  virtual ~Progress();
  // `done` of `total` items are finished (total 0: not known); `note` is a short remark such as "loss 0.71".
  virtual void update(int64_t done, int64_t total, std::string_view note) = 0;
  // The time since the last update() went into something else: it does not count for the speed.
  virtual void leave_out_pause() {}
};

// Of work that nobody watches.
class NoProgress : public Progress {
 public:
  void update(int64_t, int64_t, std::string_view) override {}
};

// Items per second over a sliding window, and the time left at that speed.
class RateMeter {
 public:
  using Clock = std::function<double()>;  // seconds, never running backwards

  // Without a clock: the steady clock of the machine. The window must be positive.
  explicit RateMeter(double window_seconds = 30, Clock clock = {});

  // Notes that `done` items are finished by now. Fewer than before means that the work began anew.
  void update(int64_t done);

  // The time since the last update() counts for nothing.
  void leave_out_pause();

  // 0 until two updates at different times.
  double per_second() const;

  // Seconds until `total` items are done, 0 if they are; nothing while the rate is 0.
  std::optional<double> seconds_left(int64_t total) const;

 private:
  struct Mark {
    double time;
    int64_t done;
  };

  double window_;
  Clock clock_;
  std::deque<Mark> marks_;  // oldest first; the first may be older than the window when updates are rare
};

}  // namespace pixnerd
