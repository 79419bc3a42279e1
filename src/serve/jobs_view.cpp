// Jobs, for those who want to know.
#include <algorithm>

#include "core/timing.h"
#include "serve/jobs.h"
#include "serve/live_job.h"

namespace pixnerd::serve {
namespace {

JobView of_history(const store::StoredJob& stored) {
  return {stored, "", 0, 0, {}, 0};
}

}  // namespace

double JobView::progress() const {
  if (stored.state == store::JobState::done) return 1;
  return steps == 0 ? 0 : static_cast<double>(steps_done) / static_cast<double>(steps);
}

std::shared_ptr<LiveJob> Jobs::live_job(const std::string& id) const {
  const std::lock_guard lock(mutex_);
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : *found->second;
}

// At the latest when all that is there is drawn; sooner where it has few steps, each of which waits for one of each
// other picture. Nothing where no picture of its size was drawn yet.
std::optional<double> Jobs::seconds_of_queued(const LiveJob& job) const {
  if (!step_seconds_.contains(job.pixels())) return std::nullopt;
  double all = 0, round = 0;
  for (const auto& other : live_) {
    const auto known = step_seconds_.find(other->pixels());
    if (other->is_over() || known == step_seconds_.end()) continue;
    all += known->second * static_cast<double>(other->order.steps - other->steps_done());
    round += known->second * static_cast<double>(other->pictures_left());
  }
  return std::min(all, round * static_cast<double>(job.order.pictures.front().settings->sampler.steps));
}

JobView Jobs::view(const LiveJob& job) const {  // under the lock
  JobView view{job.stored, job.order.title, job.order.steps, job.steps_done(), {}, 0};
  view.is_ended_early = job.is_ending_early;
  if (job.is_over()) return view;
  const double left = static_cast<double>(view.steps - view.steps_done);
  if (job.stored.state == store::JobState::running) {
    const double spent = steady_seconds() - job.began;
    if (view.steps_done > 0) view.eta = left * spent / static_cast<double>(view.steps_done);
    return view;
  }
  for (const auto& other : live_) {
    if (other.get() == &job) break;
    if (other->stored.state == store::JobState::queued) ++view.position;
  }
  view.eta = seconds_of_queued(job);
  return view;
}

std::optional<JobView> Jobs::find(const std::string& id) const {
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = by_id_.find(id); found != by_id_.end()) return view(**found->second);
  }
  const auto stored = history_.find(id);
  return stored ? std::optional(of_history(*stored)) : std::nullopt;
}

store::Page Jobs::list(int64_t limit, const std::string& before, std::optional<store::JobState> state) const {
  return history_.list(limit, before, state);
}

JobView Jobs::view_of(const store::StoredJob& stored) const {
  const std::lock_guard lock(mutex_);
  const auto found = by_id_.find(stored.id);
  return found == by_id_.end() ? of_history(stored) : view(**found->second);
}

std::vector<JobView> Jobs::live() const {
  const std::lock_guard lock(mutex_);
  std::vector<JobView> views;
  for (const auto& job : live_) {
    if (!job->is_over()) views.push_back(view(*job));
  }
  return views;
}

std::optional<std::vector<JobChange>> Jobs::changes_since(uint64_t& since, const std::string& id,
                                                          bool with_previews) const {
  const std::lock_guard lock(mutex_);
  if (since < forgotten_ || since > change_) return std::nullopt;
  std::vector<JobChange> changes;
  for (const auto& job : live_) {
    if (!id.empty() && job->stored.id != id) continue;
    std::vector<JobChange::Preview> previews;
    for (const LivePicture& picture : job->pictures) {
      if (with_previews && picture.preview_change > since && !job->is_over()) previews.push_back(picture.preview);
    }
    if (job->state_change <= since && job->progress_change <= since && previews.empty()) continue;
    changes.push_back({view(*job), job->state_change > since, std::move(previews)});
  }
  since = change_;
  return changes;
}

uint64_t Jobs::last_change() const {
  const std::lock_guard lock(mutex_);
  return change_;
}

std::shared_ptr<void> Jobs::want_previews(const std::string& id) {
  const auto job = id.empty() ? nullptr : live_job(id);
  if (!id.empty() && job == nullptr) return nullptr;
  const auto add = [this, job](int64_t more) {
    const std::lock_guard lock(mutex_);
    (job ? job->previews_wanted : all_previews_wanted_) += more;
  };
  add(1);
  return {nullptr, [add](void*) { add(-1); }};
}

std::shared_ptr<const std::string> Jobs::preview(const std::string& id, int64_t index) const {
  const auto job = live_job(id);
  const std::lock_guard lock(mutex_);
  if (job == nullptr || index >= std::ssize(job->pictures)) return nullptr;
  return job->pictures[static_cast<size_t>(index)].preview.png;
}

std::shared_ptr<const image::Image> Jobs::key_frame(const std::string& id, int64_t index, int64_t k) const {
  const auto job = live_job(id);
  const std::lock_guard lock(mutex_);
  if (job == nullptr || index >= std::ssize(job->pictures)) return nullptr;
  const auto& frames = job->pictures[static_cast<size_t>(index)].key_frames;
  return k < std::ssize(frames) ? frames[static_cast<size_t>(k)] : nullptr;
}

JobCounts Jobs::counts() const {
  const std::lock_guard lock(mutex_);
  JobCounts counts = counts_;
  for (const auto& job : live_) {
    counts.queued += job->stored.state == store::JobState::queued;
    counts.running += job->stored.state == store::JobState::running;
  }
  for (const auto& [client, waiting] : waiting_of_) counts.pictures_waiting += waiting;
  counts.steps_per_second = rate_.per_second();
  return counts;
}

}  // namespace pixnerd::serve
