#include "serve/sdapi_jobs.h"

#include <algorithm>

#include "config/scalar.h"
#include "core/text.h"
#include "http/base64.h"

namespace pixnerd::serve {
namespace {

using config::map_value;
using config::scalar_value;
using config::text_value;
using config::Value;

constexpr double kLeastProgress = 0.01;  // 0 means that there is nothing to do

bool is_running(const JobView& view) {
  return view.stored.state == store::JobState::running;
}

Value state_value(const JobView* job, size_t jobs) {
  const int64_t count = job == nullptr ? 1 : std::max<int64_t>(job->stored.count, 1);
  return map_value(
      {{"skipped", scalar_value(false)},
       {"interrupted", scalar_value(false)},
       {"stopping_generation", scalar_value(false)},
       {"job", text_value(job == nullptr ? "" : job->stored.id)},
       {"job_count", scalar_value(static_cast<int64_t>(jobs))},
       {"job_timestamp", text_value(job == nullptr ? "0" : concat(static_cast<int64_t>(job->stored.created)))},
       {"job_no", scalar_value(int64_t{0})},
       {"sampling_step", scalar_value(job == nullptr ? int64_t{0} : job->steps_done / count)},
       {"sampling_steps", scalar_value(job == nullptr ? int64_t{0} : job->steps / count)}});
}

}  // namespace

// Those that are drawn first.
std::vector<JobView> SdapiJobs::of(const std::string& client) const {
  std::vector<JobView> jobs = context_.jobs.live();
  std::erase_if(jobs, [&](const JobView& view) { return view.stored.api != kSdapi || view.stored.client != client; });
  std::stable_partition(jobs.begin(), jobs.end(), is_running);
  return jobs;
}

Value SdapiJobs::image_of(const std::string& id) {
  {
    const std::lock_guard lock(mutex_);
    std::erase_if(holds_, [&](const auto& hold) {
      const auto view = context_.jobs.find(hold.first);
      return !view || store::is_ended(view->stored.state);
    });
    if (holds_.count(id) == 0) holds_[id] = context_.jobs.want_previews(id);
  }
  const auto png = context_.jobs.preview(id, 0);
  return png == nullptr ? Value{} : text_value(http::base64(*png));
}

Value SdapiJobs::progress(const std::string& client, bool with_image) {
  const std::vector<JobView> jobs = of(client);
  const JobView* const job = jobs.empty() ? nullptr : &jobs.front();
  Value textinfo;
  if (job != nullptr && !is_running(*job)) textinfo = text_value(concat("Waiting, with ", job->position, " before it"));
  return map_value({{"progress", scalar_value(job == nullptr ? 0.0 : std::max(job->progress(), kLeastProgress))},
                    {"eta_relative", scalar_value(job == nullptr ? 0.0 : job->eta.value_or(0))},
                    {"state", state_value(job, jobs.size())},
                    {"current_image", with_image && job != nullptr ? image_of(job->stored.id) : Value{}},
                    {"textinfo", std::move(textinfo)}});
}

void SdapiJobs::interrupt(const std::string& client) {
  const std::vector<JobView> jobs = of(client);
  for (const JobView& job : jobs) {
    if (&job != &jobs.front() && !is_running(job)) break;
    context_.jobs.finish_early(job.stored.id);
  }
}

}  // namespace pixnerd::serve
