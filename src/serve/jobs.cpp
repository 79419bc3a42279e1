#include "serve/jobs.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <set>

#include "config/json.h"
#include "core/errors.h"
#include "core/failure.h"
#include "core/hash.h"
#include "core/log.h"
#include "core/text.h"
#include "core/timing.h"
#include "http/secret.h"
#include "image/codec.h"
#include "image/resize.h"
#include "sample/requests.h"
#include "serve/infotext.h"
#include "serve/job_observer.h"
#include "serve/refusal.h"

namespace pixnerd::serve {
namespace {

constexpr double kPreviewSeconds = 0.2;   // between two previews of a picture
constexpr int kLongestPreviewSide = 512;  // pixels; larger pictures are shown reduced
constexpr double kRememberedSeconds = 600;
constexpr size_t kMostRemembered = 500;

double now() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

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

int64_t LiveJob::steps_done() const {
  int64_t done = 0;
  for (const LivePicture& picture : pictures) done += picture.steps_done;
  return done;
}

int64_t LiveJob::pictures_left() const {
  return std::count_if(pictures.begin(), pictures.end(), [](const LivePicture& picture) { return !picture.is_over; });
}

double JobView::progress() const {
  if (stored.state == store::JobState::done) return 1;
  return steps == 0 ? 0 : static_cast<double>(steps_done) / static_cast<double>(steps);
}

class Jobs::State : public JobListener, public std::enable_shared_from_this<State> {
 public:
  using LiveJobs = std::list<std::shared_ptr<LiveJob>>;

  State(store::History& history, store::PictureFolder& folder, JobLimits limits)
      : history_(history), folder_(folder), limits_(limits) {}

  // ---- what clients do ----

  std::string accept(Order order, const Origin& origin) {
    const auto count = std::ssize(order.pictures);
    reserve(origin.client, count);
    store::StoredJob stored;
    stored.id = http::random_hex(12);
    stored.api = origin.api;
    stored.client = origin.client;
    stored.is_kept = origin.is_kept;
    stored.model = order.model->name;
    stored.request = config::to_json(to_value(order.request));
    stored.count = count;
    stored.created = now();
    stored.inputs = order.inputs;
    try {
      history_.add(stored);
    } catch (...) {
      release(origin.client, count);
      throw;
    }
    const std::string id = stored.id;
    enqueue(std::move(stored), std::move(order), origin);
    return id;
  }

  void restore(store::StoredJob stored, Order order) {
    const Origin origin{stored.api, stored.client, true, 0};
    {
      const std::lock_guard lock(mutex_);
      waiting_of_[origin.client] += std::ssize(order.pictures);
    }
    stored.state = store::JobState::queued;
    stored.started = 0;
    enqueue(std::move(stored), std::move(order), origin);
  }

  bool cancel(const std::string& id) {
    const auto job = live_job(id);
    return job != nullptr && end(job, store::JobState::cancelled, "");
  }

  bool finish_early(const std::string& id) {
    const auto job = live_job(id);
    std::vector<engine::PictureId> flying;
    {
      const std::lock_guard lock(mutex_);
      if (job == nullptr || job->is_over() || job->is_ending) return false;
      job->is_ending_early = true;
      flying = flying_of(*job);
    }
    if (flying.empty()) return end(job, store::JobState::cancelled, "");
    stop(*job, flying);
    return true;
  }

  std::shared_ptr<LiveJob> live_job(const std::string& id) const {
    const std::lock_guard lock(mutex_);
    const auto found = by_id_.find(id);
    return found == by_id_.end() ? nullptr : *found->second;
  }

  // ---- what the thread that draws does ----

  std::vector<std::shared_ptr<LiveJob>> heads() const {
    const std::lock_guard lock(mutex_);
    std::map<std::string, std::shared_ptr<LiveJob>> first;
    for (const auto& job : to_draw_) first.try_emplace(job->origin.client, job);
    std::vector<std::shared_ptr<LiveJob>> turns;
    for (auto each = first.upper_bound(last_client_); each != first.end(); ++each) turns.push_back(each->second);
    for (auto each = first.begin(); each != first.upper_bound(last_client_); ++each) turns.push_back(each->second);
    return turns;
  }

  void submit(const std::shared_ptr<LiveJob>& job, const std::shared_ptr<Loaded>& network, const ToEngine& to_engine,
              std::vector<std::string> warnings) {
    {
      const std::lock_guard lock(mutex_);
      to_draw_.remove(job);
      last_client_ = job->origin.client;
      if (job->is_over() || job->is_ending) return;
      job->network = network;
      job->stored.warnings = std::move(warnings);
    }
    const auto observer = std::make_shared<JobObserver>(shared_from_this(), job);
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
      flying = flying_of(*job);
    }
    if (is_unwanted) stop(*job, flying);
  }

  void fail(const std::shared_ptr<LiveJob>& job, const std::string& error) {
    {
      const std::lock_guard lock(mutex_);
      to_draw_.remove(job);
    }
    keeper_.post([self = shared_from_this(), job, error] { self->end(job, store::JobState::failed, error); });
  }

  void expire() {
    std::vector<std::shared_ptr<LiveJob>> late;
    {
      const std::lock_guard lock(mutex_);
      const double time = steady_seconds();
      for (const auto& job : live_) {
        if (!job->is_over() && !job->is_ending && job->deadline <= time) late.push_back(job);
      }
    }
    for (const auto& job : late) fail(job, "the deadline has passed before the pictures were drawn");
  }

  // ---- what the engine says ----

  void started(LiveJob& job) override {
    {
      const std::lock_guard lock(mutex_);
      if (job.stored.state != store::JobState::queued) return;
      job.stored.state = store::JobState::running;
      job.stored.started = now();
      job.began = steady_seconds();
      job.state_change = ++change_;
      keeper_.post([self = shared_from_this(), id = job.stored.id, when = job.stored.started] {
        self->write([&] { self->history_.set_started(id, when); });
      });
    }
    changed_();
  }

  bool wants_preview(LiveJob& job, int64_t index, int64_t step, bool& is_key_frame) override {
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

  void preview(const std::shared_ptr<LiveJob>& job, int64_t index, int64_t step, image::Image image,
               bool is_key_frame) override {
    if (is_key_frame) {
      {
        const std::lock_guard lock(mutex_);
        auto& frames = job->pictures[static_cast<size_t>(index)].key_frames;
        frames.push_back(std::make_shared<const image::Image>(std::move(image)));
        job->progress_change = ++change_;
      }
      return changed_();
    }
    previewer_.post([self = shared_from_this(), job, index, step, image = std::move(image)]() mutable {
      const auto png = png_of(reduced(std::move(image)));
      {
        const std::lock_guard lock(self->mutex_);
        LivePicture& picture = job->pictures[static_cast<size_t>(index)];
        picture.preview = {index, step, png};
        picture.preview_change = ++self->change_;
        picture.is_preview_in_work = false;
      }
      self->changed_();
    });
  }

  void stepped(LiveJob& job, int64_t index, int64_t steps_done) override {
    {
      const std::lock_guard lock(mutex_);
      LivePicture& picture = job.pictures[static_cast<size_t>(index)];
      counts_.steps += static_cast<uint64_t>(steps_done - picture.steps_done);
      picture.steps_done = steps_done;
      rate_.update(static_cast<int64_t>(counts_.steps));
      job.progress_change = ++change_;
    }
    changed_();
  }

  void drawn(const std::shared_ptr<LiveJob>& job, int64_t index, image::Image image) override {
    {
      const std::lock_guard lock(mutex_);
      job->pictures[static_cast<size_t>(index)].flying.reset();
    }
    keeper_.post([self = shared_from_this(), job, index, image = std::move(image)] {
      try {
        self->keep(job, index, image);
      } catch (const std::exception& error) {
        self->end(job, store::JobState::failed, message_of(error));
      }
    });
  }

  void failed(const std::shared_ptr<LiveJob>& job, const std::string& error) override { fail(job, error); }

  void cancelled(const std::shared_ptr<LiveJob>& job, int64_t index) override {
    keeper_.post([self = shared_from_this(), job, index] { self->over(job, index); });
  }

  // ---- what is known ----

  JobView view(const LiveJob& job) const {  // under the lock
    JobView view{job.stored, job.order.title, job.order.steps, job.steps_done(), {}, 0};
    if (job.is_over()) return view;
    const double left = static_cast<double>(view.steps - view.steps_done);
    if (job.stored.state == store::JobState::running) {
      const double spent = steady_seconds() - job.began;
      if (view.steps_done > 0) view.eta = left * spent / static_cast<double>(view.steps_done);
      return view;
    }
    double before = 0;
    for (const auto& other : live_) {
      if (other.get() == &job) break;
      if (other->is_over()) continue;
      if (other->stored.state == store::JobState::queued) ++view.position;
      before += static_cast<double>(other->order.steps - other->steps_done());
    }
    if (const double rate = rate_.per_second(); rate > 0) view.eta = (before + left) / rate;
    return view;
  }

  std::optional<JobView> find(const std::string& id) const {
    {
      const std::lock_guard lock(mutex_);
      if (const auto found = by_id_.find(id); found != by_id_.end()) return view(**found->second);
    }
    const auto stored = history_.find(id);
    return stored ? std::optional(of_history(*stored)) : std::nullopt;
  }

  JobView view_of(const store::StoredJob& stored) const {
    const std::lock_guard lock(mutex_);
    const auto found = by_id_.find(stored.id);
    return found == by_id_.end() ? of_history(stored) : view(**found->second);
  }

  static JobView of_history(const store::StoredJob& stored) { return {stored, "", 0, 0, {}, 0}; }

  std::vector<JobView> live() const {
    const std::lock_guard lock(mutex_);
    std::vector<JobView> views;
    for (const auto& job : live_) {
      if (!job->is_over()) views.push_back(view(*job));
    }
    return views;
  }

  std::optional<std::vector<JobChange>> changes_since(uint64_t& since, const std::string& id,
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

  bool remove(const std::string& id) {
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

  void when_ended(const std::string& id, std::function<void(const JobView&)> call) {
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

  std::shared_ptr<void> want_previews(const std::string& id) {
    const auto job = id.empty() ? nullptr : live_job(id);
    if (!id.empty() && job == nullptr) return nullptr;
    const auto add = [self = shared_from_this(), job](int64_t more) {
      const std::lock_guard lock(self->mutex_);
      (job ? job->previews_wanted : self->all_previews_wanted_) += more;
    };
    add(1);
    return {nullptr, [add](void*) { add(-1); }};
  }

  JobCounts counts() const {
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

  void close(double grace) {
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
    for (const std::string& id : passing()) cancel(id);
  }

  mutable std::shared_mutex files_;  // taken before mutex_; shared by who adds files, alone by who removes some
  mutable std::mutex mutex_;
  std::function<void()> changed_ = [] {}, to_draw_again_ = [] {};
  uint64_t change_ = 0, forgotten_ = 0;
  std::map<std::string, LiveJobs::iterator> by_id_;
  LiveJobs live_;  // in the order in which they came
  store::History& history_;

 private:
  // Room for so many pictures more. Refusal where there is none.
  void reserve(const std::string& client, int64_t count) {
    const std::lock_guard lock(mutex_);
    if (is_closed_) throw Refusal(503, "stopping", "the server is being stopped");
    int64_t all = 0;
    for (const auto& [name, waiting] : waiting_of_) all += waiting;
    int64_t& own = waiting_of_[client];
    const auto share = static_cast<int64_t>(static_cast<double>(limits_.pictures) * limits_.share);
    if (all + count <= limits_.pictures && own + count <= share) {
      own += count;
      ++counts_.accepted;
      return;
    }
    if (own == 0) waiting_of_.erase(client);
    ++counts_.refused;
    Refusal refusal(429, "queue_full",
                    concat("the queue is full, with ", all, " of ", limits_.pictures,
                           " pictures that wait to be drawn; try again later"));
    refusal.retry_after = seconds_until_room();
    throw refusal;
  }

  // Until about a tenth of the queue is drawn.
  double seconds_until_room() const {
    double steps = 0;
    for (const auto& job : live_) {
      if (!job->is_over()) steps += static_cast<double>(job->order.steps - job->steps_done());
    }
    const double rate = rate_.per_second();
    return rate > 0 ? std::clamp(0.1 * steps / rate, 1.0, 600.0) : 5.0;
  }

  void release(const std::string& client, int64_t count) {
    const std::lock_guard lock(mutex_);
    release_locked(client, count);
  }

  void release_locked(const std::string& client, int64_t count) {
    const auto found = waiting_of_.find(client);
    if (found != waiting_of_.end() && (found->second -= count) <= 0) waiting_of_.erase(found);
  }

  void enqueue(store::StoredJob stored, Order order, const Origin& origin) {
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
        release_locked(origin.client, 1);
      }
      job->state_change = ++change_;
      by_id_[job->stored.id] = live_.insert(live_.end(), job);
      to_draw_.push_back(job);
    }
    changed_();
    to_draw_again_();
  }

  static std::vector<engine::PictureId> flying_of(const LiveJob& job) {
    std::vector<engine::PictureId> flying;
    for (const LivePicture& picture : job.pictures) {
      if (picture.flying) flying.push_back(*picture.flying);
    }
    return flying;
  }

  static void stop(const LiveJob& job, const std::vector<engine::PictureId>& flying) {
    for (const engine::PictureId id : flying) {
      try {
        job.network->engine->cancel(id);
      } catch (const RequestError&) {
        // it has come to its end meanwhile
      }
    }
  }

  // Runs what the disk may refuse, and goes on without.
  template <class Write>
  void write(const Write& write) {
    try {
      write();
    } catch (const RequestError&) {
      // the job has ended meanwhile
    } catch (const Error& error) {
      log_warning(error.what());
    }
  }

  // A finished picture to the disk. In the keeper's thread.
  void keep(const std::shared_ptr<LiveJob>& job, int64_t index, const image::Image& image) {
    {
      const std::lock_guard lock(mutex_);
      if (job->is_over() || job->is_ending) return;
    }
    const sample::PictureRecord record = record_of(*job, index);
    const std::string json = sample::to_json(record);
    const std::vector<std::byte> png =
        image::encode_png(image, {{sample::kRecordKeyword, json}, {kParametersKeyword, infotext(record)}});
    store::StoredPicture picture{index, "", image.width, image.height, record.seed, json};
    const std::shared_lock files(files_);
    picture.hash = folder_.put({reinterpret_cast<const char*>(png.data()), png.size()}, "png");
    history_.add_picture(job->stored.id, picture);
    {
      const std::lock_guard lock(mutex_);
      auto& there = job->stored.pictures;
      const auto after = [](const auto& a, const auto& b) { return a.index < b.index; };
      there.insert(std::upper_bound(there.begin(), there.end(), picture, after), picture);
      job->state_change = ++change_;
      ++counts_.pictures;
    }
    over(job, index);
    changed_();
  }

  // Nothing more comes of this picture; of the job neither, where it was the last.
  void over(const std::shared_ptr<LiveJob>& job, int64_t index) {
    {
      const std::lock_guard lock(mutex_);
      LivePicture& picture = job->pictures[static_cast<size_t>(index)];
      picture.flying.reset();
      if (!picture.is_over && !job->is_over() && !job->is_ending) release_locked(job->origin.client, 1);
      picture.is_over = true;
      if (job->pictures_left() > 0) return;
    }
    end(job, job->stored.pictures.empty() ? store::JobState::cancelled : store::JobState::done, "");
  }

  // False where it has ended before. Any thread but the one that draws, as it writes to the disk.
  bool end(const std::shared_ptr<LiveJob>& job, store::JobState state, const std::string& error) {
    std::vector<engine::PictureId> flying;
    {
      const std::lock_guard lock(mutex_);
      if (job->is_over() || job->is_ending) return false;
      job->is_ending = true;
      to_draw_.remove(job);
      flying = flying_of(*job);
      release_locked(job->origin.client, job->pictures_left());
    }
    stop(*job, flying);
    const double when = now();
    write([&] { history_.set_ended(job->stored.id, state, when, error, job->stored.warnings); });
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
      forget_some();
    }
    for (const auto& call : calls) call(*last);
    ended_.notify_all();
    changed_();
    keeper_.post([self = shared_from_this()] { self->trim_history(); });
    return true;
  }

  void forget_some() {
    size_t ended = 0;
    for (const auto& job : live_) ended += job->is_over();
    const double time = steady_seconds();
    for (auto each = live_.begin(); each != live_.end();) {
      LiveJob& job = **each;
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

  void trim_history() {
    write([&] {
      for (const std::string& id : history_.beyond(limits_.history)) remove(id);
    });
  }

  store::PictureFolder& folder_;
  const JobLimits limits_;
  std::list<std::shared_ptr<LiveJob>> to_draw_;  // not submitted yet
  std::string last_client_;                      // that was submitted
  std::map<std::string, int64_t> waiting_of_;    // pictures that are not drawn, by client
  int64_t all_previews_wanted_ = 0;
  JobCounts counts_;
  RateMeter rate_;
  bool is_closed_ = false;
  std::condition_variable ended_;
  http::Workers keeper_{1}, previewer_{1};
};

Jobs::Jobs(store::History& history, store::PictureFolder& folder, JobLimits limits)
    : state_(std::make_shared<State>(history, folder, limits)) {}

Jobs::~Jobs() = default;

void Jobs::set_listeners(std::function<void()> changed, std::function<void()> to_draw) {
  state_->changed_ = std::move(changed);
  state_->to_draw_again_ = std::move(to_draw);
}

std::string Jobs::accept(Order order, const Origin& origin) {
  return state_->accept(std::move(order), origin);
}

std::shared_lock<std::shared_mutex> Jobs::hold_files() const {
  return std::shared_lock(state_->files_);
}

void Jobs::restore(const store::StoredJob& job, Order order) {
  state_->restore(job, std::move(order));
}

bool Jobs::cancel(const std::string& id) {
  return state_->cancel(id);
}

bool Jobs::finish_early(const std::string& id) {
  return state_->finish_early(id);
}

std::optional<JobView> Jobs::find(const std::string& id) const {
  return state_->find(id);
}

store::Page Jobs::list(int64_t limit, const std::string& before, std::optional<store::JobState> state) const {
  return state_->history_.list(limit, before, state);
}

JobView Jobs::view_of(const store::StoredJob& stored) const {
  return state_->view_of(stored);
}

std::vector<JobView> Jobs::live() const {
  return state_->live();
}

bool Jobs::remove(const std::string& id) {
  return state_->remove(id);
}

void Jobs::when_ended(const std::string& id, std::function<void(const JobView&)> call) {
  state_->when_ended(id, std::move(call));
}

std::optional<std::vector<JobChange>> Jobs::changes_since(uint64_t& since, const std::string& id,
                                                          bool with_previews) const {
  return state_->changes_since(since, id, with_previews);
}

uint64_t Jobs::last_change() const {
  const std::lock_guard lock(state_->mutex_);
  return state_->change_;
}

std::shared_ptr<void> Jobs::want_previews(const std::string& id) {
  return state_->want_previews(id);
}

std::shared_ptr<const std::string> Jobs::preview(const std::string& id, int64_t index) const {
  const auto job = state_->live_job(id);
  const std::lock_guard lock(state_->mutex_);
  if (job == nullptr || index >= std::ssize(job->pictures)) return nullptr;
  return job->pictures[static_cast<size_t>(index)].preview.png;
}

std::shared_ptr<const image::Image> Jobs::key_frame(const std::string& id, int64_t index, int64_t k) const {
  const auto job = state_->live_job(id);
  const std::lock_guard lock(state_->mutex_);
  if (job == nullptr || index >= std::ssize(job->pictures)) return nullptr;
  const auto& frames = job->pictures[static_cast<size_t>(index)].key_frames;
  return k < std::ssize(frames) ? frames[static_cast<size_t>(k)] : nullptr;
}

JobCounts Jobs::counts() const {
  return state_->counts();
}

void Jobs::close(double grace) {
  state_->close(grace);
}

std::vector<std::shared_ptr<LiveJob>> Jobs::heads() const {
  return state_->heads();
}

void Jobs::submit(const std::shared_ptr<LiveJob>& job, const std::shared_ptr<Loaded>& network,
                  const ToEngine& to_engine, std::vector<std::string> warnings) {
  state_->submit(job, network, to_engine, std::move(warnings));
}

void Jobs::fail(const std::shared_ptr<LiveJob>& job, const std::string& error) {
  state_->fail(job, error);
}

void Jobs::expire() {
  state_->expire();
}

}  // namespace pixnerd::serve
