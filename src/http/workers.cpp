#include "http/workers.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

namespace pixnerd::http {

class Workers::State {
 public:
  explicit State(size_t threads) {
    for (size_t i = 0; i < std::max<size_t>(threads, 1); ++i) threads_.emplace_back([this] { work(); });
  }

  ~State() { finish(); }

  void finish() {
    {
      const std::lock_guard lock(mutex_);
      is_ending_ = true;
    }
    changed_.notify_all();
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }

  void post(std::function<void()> work) {
    {
      const std::lock_guard lock(mutex_);
      if (is_ending_) return;
      posted_.push_back(std::move(work));
    }
    changed_.notify_one();
  }

  size_t waiting() const {
    const std::lock_guard lock(mutex_);
    return posted_.size();
  }

 private:
  void work() noexcept {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [&] { return is_ending_ || !posted_.empty(); });
      if (posted_.empty()) return;
      std::function<void()> next = std::move(posted_.front());
      posted_.pop_front();
      lock.unlock();
      next();
      next = nullptr;  // what it holds may take its time to go
      lock.lock();
    }
  }

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> posted_;
  bool is_ending_ = false;
  std::vector<std::thread> threads_;
};

Workers::Workers(size_t threads) : state_(std::make_unique<State>(threads)) {}
Workers::~Workers() = default;

void Workers::post(std::function<void()> work) {
  state_->post(std::move(work));
}

void Workers::finish() {
  state_->finish();
}

size_t Workers::waiting() const {
  return state_->waiting();
}

}  // namespace pixnerd::http
