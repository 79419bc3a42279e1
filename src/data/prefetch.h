// Items that threads make ahead of the one who takes them, in order.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <utility>
#include <vector>

namespace pixnerd::data {

template <class Item>
class Prefetch {
 public:
  // `threads` threads, at least 1, call make(i) for i = 0 ... count - 1. At most `ahead` items are begun that next()
  // has not given.
  Prefetch(int64_t count, int64_t threads, int64_t ahead, std::function<Item(int64_t)> make)
      : count_(count), make_(std::move(make)), slots_(static_cast<size_t>(ahead)) {
    for (int64_t i = 0; i < threads; ++i) {
      workers_.emplace_back([this](const std::stop_token& stop) { work(stop); });
    }
  }

  // All are told to stop before the first is waited for.
  ~Prefetch() {
    for (std::jthread& worker : workers_) worker.request_stop();
  }

  Prefetch(const Prefetch&) = delete;
  Prefetch& operator=(const Prefetch&) = delete;

  // The next item, which must be one of `count`. Throws what make() threw for it.
  Item next() {
    std::unique_lock lock(mutex_);
    made_.wait(lock, [this] { return slots_.front().item || slots_.front().error; });
    Slot slot = std::move(slots_.front());
    slots_.pop_front();
    slots_.emplace_back();
    ++front_;
    lock.unlock();
    vacant_.notify_all();
    if (slot.error) std::rethrow_exception(slot.error);
    return *std::move(slot.item);
  }

 private:
  struct Slot {
    std::optional<Item> item;
    std::exception_ptr error;
  };

  bool is_next_open() const { return next_ < front_ + static_cast<int64_t>(slots_.size()) && next_ < count_; }

  void work(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (!stop.stop_requested() && vacant_.wait(lock, stop, [this] { return is_next_open(); })) {
      const int64_t index = next_++;
      lock.unlock();
      Slot made = make_slot(index);
      lock.lock();
      slots_[static_cast<size_t>(index - front_)] = std::move(made);
      made_.notify_all();
    }
  }

  Slot make_slot(int64_t index) const {
    try {
      return {make_(index), nullptr};
    } catch (...) {
      return {std::nullopt, std::current_exception()};
    }
  }

  const int64_t count_;
  const std::function<Item(int64_t)> make_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable made_;
  std::condition_variable_any vacant_;
  int64_t front_ = 0;  // the item of the first slot
  int64_t next_ = 0;   // the item to be made next
  std::deque<Slot> slots_;
  std::vector<std::jthread> workers_;  // last, so that they end before what they use
};

}  // namespace pixnerd::data
