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

using Clock = std::chrono::steady_clock;

// Parts of a thread while all finish at about the same time, and while other programs keep them from it. Kernels that
// prepare rows for a part of the outputs do so for each part.
constexpr int64_t kPartsUndisturbed = 1, kPartsDisturbed = 4;
// What a work in which a thread was idle counts against those in which none was, at most how much is remembered, and
// what it takes to be called disturbed: more than one such work now and then.
constexpr int64_t kIdleCounts = 4, kMostRemembered = 64, kDisturbed = kIdleCounts + 1;
// How long a thread looks before it sleeps: as long as the framework's operators between two works, or, where other
// programs want the processors, as it takes to be woken.
constexpr std::chrono::microseconds kPatienceUndisturbed{1000}, kPatienceDisturbed{200};

thread_local bool is_in_a_part = false;

void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

// Waits until `value` is not `old` any more.
template <class T>
void wait_while(const std::atomic<T>& value, T old, Clock::duration patience) {
  constexpr int kLooksAtOnce = 64;
  const auto end = Clock::now() + patience;
  do {
    for (int look = 0; look < kLooksAtOnce; ++look) {
      if (value.load(std::memory_order_acquire) != old) return;
      pause();
    }
  } while (Clock::now() < end);
  value.wait(old);
}

// Parts of one thread, the next to be taken first; on a line of the cache of its own.
struct alignas(64) Share {
  std::atomic<int64_t> next = 0;
  int64_t end = 0;
  Clock::time_point done;  // when the thread had nothing left to do
};

class Team {
 public:
  ~Team() {
    is_ended_ = true;
    announce();
    for (std::thread& each : threads_) each.join();
  }

  // False where it has work already, or there is one part.
  bool run(int64_t count, int64_t grain, int threads, const Visit& visit) {
    const std::unique_lock lock(mutex_, std::try_to_lock);
    if (!lock.owns_lock() || !divide(count, grain, threads)) return false;
    while (std::ssize(threads_) < threads - 1) {
      threads_.emplace_back([this, number = std::ssize(threads_)] { live(number); });
    }
    visit_ = &visit;
    failure_ = nullptr;
    is_open_ = true;
    announce();
    take_parts(0);
    is_open_ = false;
    for (int busy = busy_.load(); busy > 0; busy = busy_.load()) wait_while(busy_, busy, patience());
    look_back();
    if (failure_) std::rethrow_exception(failure_);
    return true;
  }

 private:
  // A share of parts for each thread; false where there is one part.
  bool divide(int64_t count, int64_t grain, int threads) {
    const int64_t wanted = threads * (is_disturbed() ? kPartsDisturbed : kPartsUndisturbed);
    count_ = count;
    part_ = std::max(grain, (count + wanted - 1) / wanted);
    sharing_ = threads;
    if (part_ >= count) return false;
    if (std::ssize(shares_) < threads) shares_ = std::vector<Share>(static_cast<size_t>(threads));
    const int64_t parts = (count + part_ - 1) / part_;
    begun_ = Clock::now();
    for (int64_t i = 0; i < threads; ++i) {
      shares_[i].next.store(parts * i / threads);
      shares_[i].end = parts * (i + 1) / threads;
      shares_[i].done = begun_;
    }
    return true;
  }

  // Whether a thread was idle for half of the work, if that was not too short to tell.
  void look_back() {
    constexpr std::chrono::microseconds kTooShort{50};
    const auto took = Clock::now() - begun_;
    if (took < kTooShort) return;
    const auto by_done = [](const Share& a, const Share& b) { return a.done < b.done; };
    const auto first = std::min_element(shares_.begin(), shares_.begin() + sharing_, by_done)->done;
    const bool was_idle = first - begun_ < took / 2;
    idle_ = std::clamp<int64_t>(idle_ + (was_idle ? kIdleCounts : -1), 0, kMostRemembered);
  }

  bool is_disturbed() const { return idle_ >= kDisturbed; }
  Clock::duration patience() const { return is_disturbed() ? kPatienceDisturbed : kPatienceUndisturbed; }

  void announce() {
    works_.fetch_add(1);
    works_.notify_all();
  }

  // A thread counts as busy before it looks whether the work is still open, and work is over when it is closed and
  // nobody is busy: so none is left behind in work whose caller is gone.
  void live(int64_t number) {
    uint32_t seen = 0;
    while (true) {
      wait_while(works_, seen, patience());
      seen = works_.load();
      if (is_ended_) return;
      busy_.fetch_add(1);
      if (is_open_ && number + 1 < sharing_) take_parts(number + 1);
      if (busy_.fetch_sub(1) == 1) busy_.notify_all();
    }
  }

  // Of the thread's own share, then of the others'.
  void take_parts(int64_t own) {
    is_in_a_part = true;
    try {
      for (int64_t i = 0; i < sharing_; ++i) take_share(shares_[(own + i) % sharing_]);
    } catch (...) {
      for (Share& share : shares_) share.next.store(share.end);
      const std::lock_guard lock(failure_mutex_);
      if (!failure_) failure_ = std::current_exception();
    }
    is_in_a_part = false;
    shares_[own].done = Clock::now();
  }

  void take_share(Share& share) {
    for (int64_t part = share.next.fetch_add(1); part < share.end; part = share.next.fetch_add(1)) {
      (*visit_)(part * part_, std::min((part + 1) * part_, count_));
    }
  }

  std::mutex mutex_;  // held while there is work
  std::vector<std::thread> threads_;
  std::atomic<uint32_t> works_ = 0;
  std::atomic<int> busy_ = 0;
  std::atomic<bool> is_open_ = false, is_ended_ = false;
  // Of the work, set while nobody is busy with it:
  int64_t count_ = 0, part_ = 1, sharing_ = 0;  // sharing_: threads
  Clock::time_point begun_;
  std::vector<Share> shares_;
  const Visit* visit_ = nullptr;
  std::atomic<int64_t> idle_ = 0;  // works in which a thread was, as they count
  std::mutex failure_mutex_;
  std::exception_ptr failure_;
};

}  // namespace

void in_parts(int64_t count, int64_t grain, int threads, const Visit& visit) {
  if (count <= 0) return;
  const int64_t least = std::max<int64_t>(grain, 1);
  static Team team;
  if (threads <= 1 || least >= count || is_in_a_part || !team.run(count, least, threads, visit)) visit(0, count);
}

}  // namespace pixnerd
