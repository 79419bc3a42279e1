#include "dist/watch.h"

#include <exception>
#include <utility>

#include "core/text.h"

namespace pixnerd::dist {
namespace {

using Clock = std::chrono::steady_clock;

constexpr const char* kLost = "lost";
constexpr const char* kSilent = "it is gone without a word: it was killed (often for memory), or its machine was lost";

std::vector<uint8_t> bytes_of(const std::string& text) {
  return {text.begin(), text.end()};
}

std::string text_of(const std::vector<uint8_t>& bytes) {
  return {bytes.begin(), bytes.end()};
}

std::string key(const char* what, int64_t rank) {
  return concat(what, "/", rank);
}

}  // namespace

Watch::Watch(c10::intrusive_ptr<c10d::Store> store, int64_t rank, int64_t size, std::string name,
             std::function<void(const std::string&)> end_now, WatchTimes times)
    : store_(std::move(store)),
      rank_(rank),
      size_(size),
      name_(std::move(name)),
      end_now_(std::move(end_now)),
      times_(times),
      heard_(static_cast<size_t>(size)) {
  store_->set(key("name", rank_), bytes_of(name_));
  beat();
  for (Heard& each : heard_) each.when = Clock::now();
  thread_ = std::thread([this] { run(); });
}

Watch::~Watch() {
  leave();
}

std::optional<std::string> Watch::lost() const {
  const std::lock_guard lock(mutex_);
  return verdict_;
}

std::optional<std::string> Watch::wait_until_lost() {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, times_.silence + 4 * times_.beat, [this] { return verdict_.has_value() || is_leaving_; });
  return verdict_;
}

void Watch::fail(const std::string& reason) noexcept {
  try {
    const std::lock_guard lock(store_mutex_);
    accuse(rank_, reason);
  } catch (const std::exception&) {  // the meeting place is gone as well, which the others notice by themselves
  }
}

void Watch::leave() noexcept {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(is_leaving_, true)) return;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
  try {
    store_->set(key("left", rank_), bytes_of("1"));
  } catch (const std::exception&) {  // nobody is there any more
  }
}

void Watch::run() {
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait_for(lock, times_.beat, [this] { return is_leaving_; });
      if (is_leaving_) return;
      if (verdict_ && Clock::now() - since_ > times_.grace) {
        const std::string verdict = *verdict_;
        lock.unlock();
        end_now_(verdict);
        return;
      }
      if (verdict_) continue;
    }
    try {
      look();
    } catch (const std::exception&) {
      // Who keeps the meeting place is rank 0, or the launcher, which ends all processes of its machine with one.
      conclude(rank_ == 0 ? concat("the launcher (torchrun) of this process: ", kSilent)
                          : concat("rank 0, or the launcher that started it: ", kSilent));
    }
  }
}

void Watch::beat() {
  store_->set(key("beat", rank_), bytes_of(std::to_string(++beats_)));
}

void Watch::look() {
  const std::lock_guard lock(store_mutex_);
  const Clock::time_point asked = Clock::now();
  beat();
  // The store itself was silent, as while it looks up the name of an address that connects: nobody could beat.
  if (const auto now = Clock::now(); now - asked > times_.silence / 4) {
    for (Heard& each : heard_) each.when = now;
  }
  if (store_->check({kLost})) return conclude(text_of(store_->get(kLost)));
  std::vector<int64_t> ranks;
  for (int64_t rank = 0; rank < (rank_ == 0 ? size_ : 1); ++rank) {
    if (rank != rank_) ranks.push_back(rank);
  }
  listen_to(ranks, Clock::now());
}

void Watch::listen_to(const std::vector<int64_t>& ranks, Clock::time_point now) {
  for (const int64_t rank : ranks) {
    Heard& heard = heard_[static_cast<size_t>(rank)];
    if (heard.has_left) continue;
    const bool is_known = heard.beats >= 0 || store_->check({key("beat", rank)});
    const int64_t beats = is_known ? std::stoll(text_of(store_->get(key("beat", rank)))) : -1;
    if (beats != heard.beats) heard = {beats, now, false};
    if (now - heard.when < (beats < 0 ? Clock::duration(times_.coming) : times_.silence)) continue;
    heard.has_left = store_->check({key("left", rank)});
    if (!heard.has_left) accuse(rank, kSilent);
  }
}

std::string Watch::name_of(int64_t rank) {
  return store_->check({key("name", rank)}) ? text_of(store_->get(key("name", rank))) : concat("rank ", rank);
}

// The first accusation stands.
void Watch::accuse(int64_t rank, const std::string& reason) {
  const std::string verdict = concat(name_of(rank), ": ", reason);
  conclude(text_of(store_->compareSet(kLost, {}, bytes_of(verdict))));
}

void Watch::conclude(std::string verdict) {
  {
    const std::lock_guard lock(mutex_);
    if (verdict_) return;
    verdict_ = std::move(verdict);
    since_ = Clock::now();
  }
  changed_.notify_all();
}

}  // namespace pixnerd::dist
