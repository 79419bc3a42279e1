#include "core/team.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace pixnerd {
namespace {

using Visit = std::function<void(int64_t, int64_t)>;

constexpr int kPartsOfAThread = 4;
// How long a thread looks before it sleeps: about as long as it takes to be woken.
constexpr std::chrono::microseconds kPatience{200};

thread_local bool is_in_a_part = false;

void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

// Waits until `value` is not `old` any more.
template <class T>
void wait_while(const std::atomic<T>& value, T old) {
  constexpr int kLooksAtOnce = 64;
  const auto end = std::chrono::steady_clock::now() + kPatience;
  do {
    for (int look = 0; look < kLooksAtOnce; ++look) {
      if (value.load(std::memory_order_acquire) != old) return;
      pause();
    }
  } while (std::chrono::steady_clock::now() < end);
  value.wait(old);
}

class Team {
 public:
  ~Team() {
    is_ended_ = true;
    announce();
    for (std::thread& each : threads_) each.join();
  }

  // False where it has work already.
  bool run(int64_t count, int64_t part, int threads, const Visit& visit) {
    const std::unique_lock lock(mutex_, std::try_to_lock);
    if (!lock.owns_lock()) return false;
    while (std::ssize(threads_) < threads - 1) {
      threads_.emplace_back([this, number = std::ssize(threads_)] { live(number); });
    }
    count_ = count;
    part_ = part;
    helpers_ = threads - 1;
    visit_ = &visit;
    next_.store(0);
    failure_ = nullptr;
    is_open_ = true;
    announce();
    take_parts();
    is_open_ = false;
    for (int busy = busy_.load(); busy > 0; busy = busy_.load()) wait_while(busy_, busy);
    if (failure_) std::rethrow_exception(failure_);
    return true;
  }

 private:
  void announce() {
    works_.fetch_add(1);
    works_.notify_all();
  }

  // A thread counts as busy before it looks whether the work is still open, and work is over when it is closed and
  // nobody is busy: so none is left behind in work whose caller is gone.
  void live(int64_t number) {
    uint32_t seen = 0;
    while (true) {
      wait_while(works_, seen);
      seen = works_.load();
      if (is_ended_) return;
      busy_.fetch_add(1);
      if (is_open_ && number < helpers_) take_parts();
      if (busy_.fetch_sub(1) == 1) busy_.notify_all();
    }
  }

  void take_parts() {
    is_in_a_part = true;
    try {
      for (int64_t begin = next_.fetch_add(part_); begin < count_; begin = next_.fetch_add(part_)) {
        (*visit_)(begin, std::min(begin + part_, count_));
      }
    } catch (...) {
      next_.store(count_);
      const std::lock_guard lock(failure_mutex_);
      if (!failure_) failure_ = std::current_exception();
    }
    is_in_a_part = false;
  }

  std::mutex mutex_;  // held while there is work
  std::vector<std::thread> threads_;
  std::atomic<uint32_t> works_ = 0;
  std::atomic<int> busy_ = 0;
  std::atomic<bool> is_open_ = false, is_ended_ = false;
  // Of the work, set while nobody is busy with it:
  int64_t count_ = 0, part_ = 1, helpers_ = 0;
  const Visit* visit_ = nullptr;
  std::atomic<int64_t> next_ = 0;
  std::mutex failure_mutex_;
  std::exception_ptr failure_;
};

}  // namespace

void in_parts(int64_t count, int64_t grain, int threads, const Visit& visit) {
  if (count <= 0) return;
  const int64_t least = std::max<int64_t>(grain, 1), wanted = int64_t{threads} * kPartsOfAThread;
  const int64_t part = std::max(least, (count + wanted - 1) / std::max<int64_t>(wanted, 1));
  static Team team;
  if (threads <= 1 || part >= count || is_in_a_part || !team.run(count, part, threads, visit)) visit(0, count);
}

}  // namespace pixnerd
