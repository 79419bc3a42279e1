#include "serve/jobs.h"

#include <algorithm>
#include <chrono>

#include "config/json.h"
#include "core/errors.h"
#include "core/log.h"
#include "core/text.h"
#include "core/timing.h"
#include "http/secret.h"
#include "serve/if_disk_lets.h"
#include "serve/live_job.h"
#include "serve/refusal.h"

namespace pixnerd::serve {
namespace {

constexpr double kRememberedSeconds = 600, kKeyFrameSeconds = 10;  // after a job's end
constexpr size_t kMostRemembered = 500;

// An ended job without what only drawing needs: its network, the picture it was drawn from, previews. Who still draws
// it has the other one.
std::shared_ptr<LiveJob> remembered(const LiveJob& job) {
  Order order;
  order.model = job.order.model;
  order.title = job.order.title;
  order.steps = job.order.steps;
  auto light = std::make_shared<LiveJob>(LiveJob{job.stored, std::move(order), job.origin, {}, {}});
  for (const LivePicture& picture : job.pictures) {
    light->pictures.push_back({.is_over = true, .steps_done = picture.steps_done, .key_frames = picture.key_frames});
  }
  light->state_change = job.state_change;
  light->progress_change = job.progress_change;
  light->ended = job.ended;
  return light;
}

}  // namespace

Jobs::Jobs(store::History& history, store::PictureFolder& folder, JobLimits limits)
    : history_(history), folder_(folder), limits_(limits) {}

Jobs::~Jobs() = default;

void Jobs::set_listeners(std::function<void(Haste)> changed, std::function<void()> to_draw) {
  changed_ = std::move(changed);
  to_draw_again_ = std::move(to_draw);
}

std::shared_lock<std::shared_mutex> Jobs::hold_files() const {
  return std::shared_lock(files_);
}

std::string Jobs::accept(Order order, const Origin& origin) {
  const auto count = std::ssize(order.pictures);
  store::StoredJob stored;
  stored.id = http::random_hex(12);
  stored.api = origin.api;
  stored.client = origin.client;
  stored.is_kept = origin.is_kept;
  stored.model = order.model->name;
  stored.request = config::to_json(to_value(order.request));
  stored.count = count;
  stored.created = unix_time();
  stored.inputs = order.inputs;
  stored.warnings = order.warnings;
  reserve(origin.client, count, order.bytes);  // last: what throws before has taken no room
  try {
    history_.add(stored);
  } catch (...) {
    const std::lock_guard lock(mutex_);
    release(origin.client, count);
    throw;
  }
  const std::string id = stored.id;
  enqueue(std::move(stored), std::move(order), origin);
  return id;
}

void Jobs::restore(store::StoredJob stored, Order order) {
  const Origin origin{stored.api, stored.client, true, 0};
  {
    const std::lock_guard lock(mutex_);
    waiting_of_[origin.client] += std::ssize(order.pictures);
  }
  stored.state = store::JobState::queued;
  stored.started = 0;
  const auto job = enqueue(std::move(stored), std::move(order), origin);
  // The server was killed between its last picture and its end.
  if (job->pictures_left() == 0) end(job, store::JobState::done, "");
}

void Jobs::reserve(const std::string& client, int64_t count, int64_t bytes) {
  const std::lock_guard lock(mutex_);
  if (is_closed_) throw Refusal(503, "stopping", kStoppingError);
  const auto share = std::max<int64_t>(1, static_cast<int64_t>(static_cast<double>(limits_.pictures) * limits_.share));
  if (count > share) {
    throw Refusal(400, "invalid_field",
                  concat("count ", count, " is more than one client may have waiting here, ", share), "count");
  }
  int64_t all = 0, held = 0;
  for (const auto& [name, waiting] : waiting_of_) all += waiting;
  for (const auto& job : live_) held += job->is_over() ? 0 : job->order.bytes;
  const auto found = waiting_of_.find(client);
  const int64_t own = found == waiting_of_.end() ? 0 : found->second;
  const auto refuse_over = [&](const char* what, int64_t now, int64_t most) {
    ++counts_.refused;
    Refusal refusal(
        429, "queue_full",
        concat(what, " is full, with ", now, " of ", most, " pictures that wait to be drawn; try again later"));
    refusal.retry_after = seconds_until_room();
    throw refusal;
  };
  if (own + count > share) refuse_over("your share of the queue", own, share);
  if (all + count > limits_.pictures) refuse_over("the queue", all, limits_.pictures);
  if (held > 0 && held + bytes > limits_.bytes) {
    refuse_over("the memory for pictures to draw from", all, limits_.pictures);
  }
  waiting_of_[client] += count;
  ++counts_.accepted;
}

double Jobs::seconds_until_room() const {
  double steps = 0;
  for (const auto& job : live_) {
    if (!job->is_over()) steps += static_cast<double>(job->order.steps - job->steps_done());
  }
  const double rate = rate_.per_second();
  return rate > 0 ? std::clamp(0.1 * steps / rate, 1.0, 600.0) : 5.0;
}

void Jobs::release(const std::string& client, int64_t count) {
  const auto found = waiting_of_.find(client);
  if (found != waiting_of_.end() && (found->second -= count) <= 0) waiting_of_.erase(found);
}

std::shared_ptr<LiveJob> Jobs::enqueue(store::StoredJob stored, Order order, const Origin& origin) {
  const double time = steady_seconds();
  const double deadline = time + std::min(order.request.deadline.value_or(limits_.deadline), limits_.deadline);
  const size_t count = order.pictures.size();
  auto job = std::make_shared<LiveJob>(LiveJob{std::move(stored), std::move(order), origin, {}, {}});
  job->pictures.resize(count);
  job->deadline = deadline;
  {
    const std::lock_guard lock(mutex_);
    for (const store::StoredPicture& picture : job->stored.pictures) {
      LivePicture& there = job->pictures.at(static_cast<size_t>(picture.index));
      there.is_over = true;
      there.steps_done = job->order.pictures[static_cast<size_t>(picture.index)].settings->sampler.steps;
      release(origin.client, 1);
    }
    job->state_change = ++change_;
    by_id_[job->stored.id] = live_.insert(live_.end(), job);
    to_draw_.push_back(job);
  }
  changed_(Haste::soon);
  to_draw_again_();
  return job;
}

bool Jobs::cancel(const std::string& id) {
  const auto job = live_job(id);
  return job != nullptr && end(job, store::JobState::cancelled, "");
}

bool Jobs::finish_early(const std::string& id) {
  const auto job = live_job(id);
  std::vector<engine::PictureId> flying;
  bool is_waiting = false;
  {
    const std::lock_guard lock(mutex_);
    if (job == nullptr || job->is_over() || job->is_ending) return false;
    job->is_ending_early = true;
    flying = job->flying();
    is_waiting = job->network == nullptr;  // else what does not fly is being stored, or submit() stops it
  }
  if (is_waiting) return end(job, store::JobState::cancelled, "");
  job->stop(flying);
  return true;
}

bool Jobs::end(const std::shared_ptr<LiveJob>& job, store::JobState state, const std::string& error) {
  std::vector<engine::PictureId> flying;
  std::vector<std::string> warnings;
  {
    const std::lock_guard lock(mutex_);
    if (job->is_over() || job->is_ending) return false;
    job->is_ending = true;
    to_draw_.remove(job);
    flying = job->flying();
    warnings = job->stored.warnings;
    release(job->origin.client, job->pictures_left());
  }
  job->stop(flying);
  const double when = unix_time();
  if_disk_lets([&] { history_.set_ended(job->stored.id, state, when, error, warnings); });
  std::vector<std::function<void(const JobView&)>> calls;
  std::optional<JobView> last;
  {
    const std::lock_guard lock(mutex_);
    job->stored.state = state;
    job->stored.ended = when;
    job->stored.error = error;
    job->ended = steady_seconds();
    job->state_change = ++change_;
    calls = std::move(job->on_end);
    job->on_end.clear();
    last = view(*job);
    counts_.done += state == store::JobState::done;
    counts_.failed += state == store::JobState::failed;
    counts_.cancelled += state == store::JobState::cancelled;
    if (const auto found = by_id_.find(job->stored.id); found != by_id_.end()) *found->second = remembered(*job);
    forget_some();
  }
  for (const auto& call : calls) call(*last);
  ended_.notify_all();
  changed_(Haste::at_once);
  keeper_.post([this] { trim_history(); });
  return true;
}

void Jobs::forget_some() {
  size_t ended = 0;
  for (const auto& job : live_) ended += job->is_over();
  const double time = steady_seconds();
  for (auto each = live_.begin(); each != live_.end();) {
    LiveJob& job = **each;
    if (job.is_over() && job.ended + kKeyFrameSeconds < time) {
      for (LivePicture& picture : job.pictures) picture.key_frames.clear();
    }
    if (!job.is_over() || (job.ended + kRememberedSeconds > time && ended <= kMostRemembered)) {
      ++each;
      continue;
    }
    forgotten_ = std::max(forgotten_, job.state_change);
    by_id_.erase(job.stored.id);
    each = live_.erase(each);
    --ended;
  }
}

void Jobs::trim_history() {
  if_disk_lets([&] {
    for (const std::string& id : history_.beyond(limits_.history)) remove(id);
  });
}

bool Jobs::remove(const std::string& id) {
  const std::unique_lock files(files_);
  const auto hashes = history_.remove(id);
  if (!hashes) return false;
  for (const std::string& hash : *hashes) {
    if (!folder_.remove(hash, "png")) folder_.remove(hash, kInputExtension);
  }
  const std::lock_guard lock(mutex_);
  if (const auto found = by_id_.find(id); found != by_id_.end()) {
    forgotten_ = std::max(forgotten_, (*found->second)->state_change);
    live_.erase(found->second);
    by_id_.erase(found);
  }
  return true;
}

void Jobs::when_ended(const std::string& id, std::function<void(const JobView&)> call) {
  std::optional<JobView> now_ended;
  {
    const std::lock_guard lock(mutex_);
    const auto found = by_id_.find(id);
    if (found != by_id_.end() && !(*found->second)->is_over()) {
      (*found->second)->on_end.push_back(std::move(call));
      return;
    }
    if (found != by_id_.end()) now_ended = view(**found->second);
  }
  if (!now_ended) now_ended = find(id);
  if (now_ended) keeper_.post([call = std::move(call), view = *now_ended] { call(view); });
}

void Jobs::close(double grace) {
  {
    const std::lock_guard lock(mutex_);
    is_closed_ = true;
  }
  const auto passing = [this] {
    std::vector<std::string> ids;
    const std::lock_guard lock(mutex_);
    for (const auto& job : live_) {
      if (!job->is_over() && !job->origin.is_kept) ids.push_back(job->stored.id);
    }
    return ids;
  };
  const double until = steady_seconds() + grace;
  std::unique_lock lock(mutex_);
  while (true) {
    lock.unlock();
    const bool is_over = passing().empty();
    lock.lock();
    if (is_over || steady_seconds() >= until) break;
    ended_.wait_for(lock, std::chrono::milliseconds(100));
  }
  lock.unlock();
  for (const std::string& id : passing()) {
    if (const auto job = live_job(id)) end(job, store::JobState::cancelled, kStoppingError);
  }
}

}  // namespace pixnerd::serve
