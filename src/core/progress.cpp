#include "core/progress.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "core/timing.h"

namespace pixnerd {
namespace {

constexpr int kMarksPerWindow = 100;  // updates closer together than that are merged, which bounds the memory

}  // namespace

Progress::~Progress() = default;

RateMeter::RateMeter(double window_seconds, Clock clock)
    : window_(window_seconds), clock_(clock ? std::move(clock) : Clock(steady_seconds)) {
  if (!(window_ > 0)) throw std::invalid_argument("RateMeter: the window must be positive");
}

void RateMeter::update(int64_t done) {
  const double now = clock_();
  if (!marks_.empty() && done < marks_.back().done) marks_.clear();
  const size_t count = marks_.size();
  const bool merge = count >= 2 && now - marks_[count - 2].time < window_ / kMarksPerWindow;
  if (merge) {
    marks_.back() = {now, done};
  } else {
    marks_.push_back({now, done});
  }
  while (marks_.size() > 2 && marks_[1].time <= now - window_) marks_.pop_front();
}

void RateMeter::leave_out_pause() {
  if (marks_.empty()) return;
  const double pause = clock_() - marks_.back().time;
  for (Mark& mark : marks_) mark.time += pause;
}

double RateMeter::per_second() const {
  if (marks_.size() < 2) return 0;
  const double elapsed = marks_.back().time - marks_.front().time;
  return elapsed > 0 ? static_cast<double>(marks_.back().done - marks_.front().done) / elapsed : 0;
}

std::optional<double> RateMeter::seconds_left(int64_t total) const {
  const int64_t left = marks_.empty() ? total : total - marks_.back().done;
  if (left <= 0) return 0.0;
  const double rate = per_second();
  if (rate <= 0) return std::nullopt;
  return static_cast<double>(left) / rate;
}

}  // namespace pixnerd
