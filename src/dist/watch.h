// Whether the other processes are alive. Each writes a beat into the meeting place; rank 0 looks at all beats and the
// others at that of rank 0. Who is silent for too long, or says that it fails, is named to all.
#pragma once

#include <torch/csrc/distributed/c10d/Store.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace pixnerd::dist {

struct WatchTimes {
  std::chrono::milliseconds beat{250};
  std::chrono::milliseconds silence{4000};  // of one that is lost
  std::chrono::minutes coming{5};           // until the first beat
  std::chrono::milliseconds grace{3000};    // for this process to end by itself once one is lost
};

class Watch {
 public:
  // The store is the watch's own: its calls are not to wait behind others. `end_now` is called by the watch's thread
  // if the process has not left within the grace; it is told what is said of the one that is lost.
  Watch(c10::intrusive_ptr<c10d::Store> store, int64_t rank, int64_t size, std::string name,
        std::function<void(const std::string&)> end_now, WatchTimes times = {});
  ~Watch();

  // Who is lost and why, as "rank 2 on host: reason"; nothing while all live. Any thread may ask.
  std::optional<std::string> lost() const;

  // The same, waited for: somebody's connection has broken, and who it was will be known soon.
  std::optional<std::string> wait_until_lost();

  // Tells the others why this process is about to end. Never throws.
  void fail(const std::string& reason) noexcept;

  // This process ends well: its silence means nothing from now on. The thread ends.
  void leave() noexcept;

 private:
  void run();
  void look();
  void beat();
  void listen_to(const std::vector<int64_t>& ranks, std::chrono::steady_clock::time_point now);
  std::string name_of(int64_t rank);
  void accuse(int64_t rank, const std::string& reason);
  void conclude(std::string verdict);

  struct Heard {
    int64_t beats = -1;
    std::chrono::steady_clock::time_point when;
    bool has_left = false;
  };

  c10::intrusive_ptr<c10d::Store> store_;
  const int64_t rank_;
  const int64_t size_;
  const std::string name_;
  const std::function<void(const std::string&)> end_now_;
  const WatchTimes times_;
  std::vector<Heard> heard_;  // by rank
  int64_t beats_ = 0;

  std::mutex store_mutex_;  // the store is called by the thread, and by who fails
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<std::string> verdict_;
  std::chrono::steady_clock::time_point since_;  // of the verdict
  bool is_leaving_ = false;
  std::thread thread_;
};

}  // namespace pixnerd::dist
