// Jobs, for the thread that draws: from the queue to the engine, and what comes back.
#include <algorithm>
#include <utility>

#include "core/errors.h"
#include "core/failure.h"
#include "core/hash.h"
#include "core/timing.h"
#include "http/base64.h"
#include "image/codec.h"
#include "image/resize.h"
#include "sample/requests.h"
#include "serve/if_disk_lets.h"
#include "serve/infotext.h"
#include "serve/job_observer.h"
#include "serve/jobs.h"

namespace pixnerd::serve {
namespace {

constexpr double kPreviewSeconds = 0.2;   // between two previews of a picture
constexpr int kLongestPreviewSide = 512;  // pixels; larger pictures are shown reduced

image::Image reduced(image::Image picture) {
  const int longest = std::max(picture.width, picture.height);
  if (longest <= kLongestPreviewSide) return picture;
  const auto side = [&](int full) { return std::max(1, full * kLongestPreviewSide / longest); };
  return image::resize(picture, side(picture.width), side(picture.height), image::Filter::bilinear);
}

std::shared_ptr<const std::string> png_of(const image::Image& picture) {
  const std::vector<std::byte> bytes = image::encode_png(picture);
  return std::make_shared<const std::string>(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

// The record of a picture with the names that people read.
sample::PictureRecord record_of(const LiveJob& job, int64_t index) {
  const sample::PictureRequest& request = job.order.pictures[static_cast<size_t>(index)];
  sample::PictureRecord record = sample::record_of(job.network->common, request);
  const auto name = [](const std::vector<std::string>& names, const std::optional<int64_t>& label) {
    return label && *label < std::ssize(names) ? names[static_cast<size_t>(*label)] : std::string();
  };
  record.class_name = name(job.order.model->class_names, record.label);
  record.style_name = name(job.order.model->description.styles, record.style);
  return record;
}

}  // namespace

std::vector<std::shared_ptr<LiveJob>> Jobs::heads() const {
  const std::lock_guard lock(mutex_);
  std::map<std::string, std::shared_ptr<LiveJob>> first;
  for (const auto& job : to_draw_) first.try_emplace(job->origin.client, job);
  std::vector<std::shared_ptr<LiveJob>> turns;
  for (auto each = first.upper_bound(last_client_); each != first.end(); ++each) turns.push_back(each->second);
  for (auto each = first.begin(); each != first.upper_bound(last_client_); ++each) turns.push_back(each->second);
  return turns;
}

void Jobs::submit(const std::shared_ptr<LiveJob>& job, const std::shared_ptr<Loaded>& network,
                  const ToEngine& to_engine, std::vector<std::string> warnings) {
  {
    const std::lock_guard lock(mutex_);
    to_draw_.remove(job);
    last_client_ = job->origin.client;
    if (job->is_over() || job->is_ending) return;
    job->network = network;
    auto& said = job->stored.warnings;
    said.insert(said.end(), warnings.begin(), warnings.end());
  }
  const auto observer = std::make_shared<JobObserver>(static_cast<JobListener&>(*this), job);
  for (size_t i = 0; i < job->pictures.size(); ++i) {
    if (job->pictures[i].is_over) continue;  // it was there before a restart
    engine::Picture picture = to_engine(job->order.pictures[i]);
    picture.submitter = hash_of(job->origin.client);
    const engine::PictureId id = network->engine->submit(std::move(picture), observer);
    observer->add(id, static_cast<int64_t>(i));
    const std::lock_guard lock(mutex_);
    job->pictures[i].flying = id;
  }
  // It may have been cancelled meanwhile, when not all of its pictures were known.
  bool is_unwanted = false;
  std::vector<engine::PictureId> flying;
  {
    const std::lock_guard lock(mutex_);
    is_unwanted = job->is_over() || job->is_ending || job->is_ending_early;
    flying = job->flying();
  }
  if (is_unwanted) job->stop(flying);
}

void Jobs::fail(const std::shared_ptr<LiveJob>& job, const std::string& error) {
  {
    const std::lock_guard lock(mutex_);
    to_draw_.remove(job);
  }
  keeper_.post([this, job, error] { end(job, store::JobState::failed, error); });
}

void Jobs::expire() {
  std::vector<std::shared_ptr<LiveJob>> late;
  {
    const std::lock_guard lock(mutex_);
    const double time = steady_seconds();
    for (const auto& job : live_) {
      if (!job->is_over() && !job->is_ending && job->deadline <= time) late.push_back(job);
    }
  }
  for (const auto& job : late) fail(job, kDeadlineError);
}

void Jobs::started(LiveJob& job) {
  {
    const std::lock_guard lock(mutex_);
    if (job.stored.state != store::JobState::queued) return;
    job.stored.state = store::JobState::running;
    job.stored.started = unix_time();
    job.began = steady_seconds();
    job.state_change = ++change_;
    keeper_.post([this, id = job.stored.id, when = job.stored.started] {
      if_disk_lets([&] { history_.set_started(id, when); });
    });
  }
  changed_(Haste::soon);
}

bool Jobs::wants_preview(LiveJob& job, int64_t index, int64_t step, bool& is_key_frame) {
  const std::lock_guard lock(mutex_);
  LivePicture& picture = job.pictures[static_cast<size_t>(index)];
  const int64_t steps = job.order.pictures[static_cast<size_t>(index)].settings->sampler.steps;
  const auto frames = std::ssize(picture.key_frames);
  is_key_frame = frames < job.origin.keyframes && (step + 1) * (job.origin.keyframes + 1) >= (frames + 1) * steps;
  if (is_key_frame) return true;
  if (all_previews_wanted_ == 0 && job.previews_wanted == 0) return false;
  const double time = steady_seconds();
  if (picture.is_preview_in_work || time < picture.preview_time + kPreviewSeconds) return false;
  picture.is_preview_in_work = true;
  picture.preview_time = time;
  return true;
}

void Jobs::preview(const std::shared_ptr<LiveJob>& job, int64_t index, int64_t step, image::Image image,
                   bool is_key_frame) {
  if (is_key_frame) {
    {
      const std::lock_guard lock(mutex_);
      auto& frames = job->pictures[static_cast<size_t>(index)].key_frames;
      frames.push_back(std::make_shared<const image::Image>(std::move(image)));
      job->progress_change = ++change_;
    }
    return changed_(Haste::at_once);
  }
  previewer_.post([this, job, index, step, image = std::move(image)]() mutable {
    const auto png = png_of(reduced(std::move(image)));
    const auto base64 = std::make_shared<const std::string>(http::base64(*png));
    bool is_first = false;
    {
      const std::lock_guard lock(mutex_);
      LivePicture& picture = job->pictures[static_cast<size_t>(index)];
      is_first = picture.preview.png == nullptr;
      picture.preview = {index, step, png, base64};
      picture.preview_change = ++change_;
      picture.is_preview_in_work = false;
    }
    changed_(is_first ? Haste::at_once : Haste::soon);
  });
}

void Jobs::learn_pace(const LiveJob& job, LivePicture& picture) {
  constexpr double kNew = 0.2;
  const double time = steady_seconds(), before = std::exchange(picture.step_time, time);
  if (before == 0) return;
  int64_t flying = 0;
  for (const auto& each : live_) flying += std::ssize(each->flying());
  const double each = (time - before) / static_cast<double>(std::max<int64_t>(1, flying));
  const auto [known, is_new] = step_seconds_.try_emplace(job.pixels(), each);
  if (!is_new) known->second += kNew * (each - known->second);
}

void Jobs::stepped(LiveJob& job, int64_t index, int64_t steps_done) {
  {
    const std::lock_guard lock(mutex_);
    LivePicture& picture = job.pictures[static_cast<size_t>(index)];
    counts_.steps += static_cast<uint64_t>(steps_done - picture.steps_done);
    picture.steps_done = steps_done;
    learn_pace(job, picture);
    rate_.update(static_cast<int64_t>(counts_.steps));
    job.progress_change = ++change_;
  }
  changed_(Haste::soon);
}

void Jobs::drawn(const std::shared_ptr<LiveJob>& job, int64_t index, image::Image image) {
  {
    const std::lock_guard lock(mutex_);
    job->pictures[static_cast<size_t>(index)].flying.reset();
  }
  keeper_.post([this, job, index, image = std::move(image)] {
    try {
      keep(job, index, image);
    } catch (const std::exception& error) {
      end(job, store::JobState::failed, message_of(error));
    }
  });
}

void Jobs::failed(const std::shared_ptr<LiveJob>& job, const std::string& error) {
  fail(job, error);
}

void Jobs::cancelled(const std::shared_ptr<LiveJob>& job, int64_t index) {
  keeper_.post([this, job, index] { over(job, index); });
}

void Jobs::keep(const std::shared_ptr<LiveJob>& job, int64_t index, const image::Image& image) {
  {
    const std::lock_guard lock(mutex_);
    if (job->is_over() || job->is_ending) return;
  }
  const sample::PictureRecord record = record_of(*job, index);
  const std::string json = sample::to_json(record);
  const std::vector<std::byte> png =
      image::encode_png(image, {{sample::kRecordKeyword, json}, {kParametersKeyword, infotext(record)}});
  store::StoredPicture picture{index, "", image.width, image.height, record.seed, json};
  {
    const std::shared_lock files(files_);
    picture.hash = folder_.put({reinterpret_cast<const char*>(png.data()), png.size()}, "png");
    history_.add_picture(job->stored.id, picture);
  }
  {
    const std::lock_guard lock(mutex_);
    auto& there = job->stored.pictures;
    const auto after = [](const auto& a, const auto& b) { return a.index < b.index; };
    there.insert(std::upper_bound(there.begin(), there.end(), picture, after), picture);
    job->state_change = ++change_;
    ++counts_.pictures;
  }
  changed_(Haste::soon);
  over(job, index);
}

void Jobs::over(const std::shared_ptr<LiveJob>& job, int64_t index) {
  auto state = store::JobState::cancelled;
  {
    const std::lock_guard lock(mutex_);
    LivePicture& picture = job->pictures[static_cast<size_t>(index)];
    picture.flying.reset();
    if (!picture.is_over && !job->is_over() && !job->is_ending) release(job->origin.client, 1);
    picture.is_over = true;
    if (job->pictures_left() > 0) return;
    if (!job->stored.pictures.empty()) state = store::JobState::done;
  }
  end(job, state, "");
}

}  // namespace pixnerd::serve
