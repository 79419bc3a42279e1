// Every job from the moment it is accepted: what waits, what is drawn, what has become of it, who wants to know.
//
// A job is one request for pictures of one network. It is kept (drawn even after the server was killed and started
// again), or lives as long as the connection that asked for it. What is said of it is in the history before anybody
// hears of it.
//
// Threads: every call from any of them, but those for the one that draws.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <vector>

#include "core/progress.h"
#include "engine/engine.h"
#include "http/workers.h"
#include "image/image.h"
#include "serve/job_listener.h"
#include "serve/order.h"
#include "store/history.h"
#include "store/picture_folder.h"

namespace pixnerd::serve {

struct Loaded;
struct LiveJob;  // live_job.h
struct LivePicture;

// What a job says that was given up, and one that ended with its connection's server.
inline constexpr const char* kDeadlineError = "the deadline has passed before the pictures were drawn";
inline constexpr const char* kStoppingError = "the server is being stopped";

struct JobLimits {
  int64_t pictures = 512;            // that wait or are drawn, of all clients; beyond them 429
  double share = 0.75;               // of them, the most that one client has
  int64_t bytes = int64_t{1} << 30;  // of memory for pictures that those are drawn from; beyond them 429
  double deadline = 3600;            // seconds, for jobs that name none
  int64_t history = 10'000;          // jobs that are kept; the oldest ended ones give way
};

// How a job came.
struct Origin {
  std::string api;        // "native", "openai", "a1111"
  std::string client;     // whose share it is
  bool is_kept = true;    // after a restart
  int64_t keyframes = 0;  // pictures on the way that are kept for key_frame(), evenly spaced
};

// What is known of a job at one moment.
struct JobView {
  store::StoredJob stored;
  std::string title;
  int64_t steps = 0, steps_done = 0;  // of all its pictures
  std::optional<double> eta;          // seconds
  int64_t position = 0;               // jobs before it, while it is queued
  bool is_ended_early = false;        // by finish_early()

  double progress() const;
};

// What has changed of a job since a number that was given before.
struct JobChange {
  JobView view;
  bool is_new_state = false;  // or pictures
  struct Preview {
    int64_t index = 0, step = 0;
    std::shared_ptr<const std::string> png, base64;  // the same, as all watchers are sent it
  };
  std::vector<Preview> previews;
};

// How soon watchers should hear of a change: first previews and ends at once, the rest may wait for others.
enum class Haste { at_once, soon };

struct JobCounts {
  int64_t queued = 0, running = 0;     // jobs
  int64_t pictures_waiting = 0;        // that are not drawn yet
  uint64_t accepted = 0, refused = 0;  // jobs, since the start
  uint64_t done = 0, failed = 0, cancelled = 0;
  uint64_t pictures = 0, steps = 0;  // drawn since the start
  double steps_per_second = 0;       // of late
};

class Jobs : private JobListener {
 public:
  // They must outlive the jobs.
  Jobs(store::History& history, store::PictureFolder& folder, JobLimits limits);
  ~Jobs() override;
  Jobs(const Jobs&) = delete;
  Jobs& operator=(const Jobs&) = delete;

  // Called, without a lock, when something has changed that changes_since() tells, and when there is something to draw.
  void set_listeners(std::function<void(Haste)> changed, std::function<void()> to_draw);

  // The job's id, and it is in the history. Refusal: 429 where the queue is full, 503 when the server stops; DataError
  // where the disk refuses.
  std::string accept(Order order, const Origin& origin);

  // While it is held no picture's file is removed: over putting one into the folder and accepting the job that has it.
  [[nodiscard]] std::shared_lock<std::shared_mutex> hold_files() const;

  // A job of before, as it is in the history: queued again.
  void restore(store::StoredJob job, Order order);

  // Whether there was such a job that had not ended. Takes effect before the next evaluation.
  bool cancel(const std::string& id);

  // Ends the drawing of those pictures that are not there yet; the job is done with those that are. As cancel().
  bool finish_early(const std::string& id);

  std::optional<JobView> find(const std::string& id) const;
  store::Page list(int64_t limit, const std::string& before, std::optional<store::JobState> state) const;
  JobView view_of(const store::StoredJob& stored) const;  // of list(): what is known beyond the history
  std::vector<JobView> live() const;                      // queued and running, in their order

  // Takes an ended job out of the history, its pictures too; false where there is no such job.
  bool remove(const std::string& id);

  // Calls once, when the job has ended, from another thread; at once if it has.
  void when_ended(const std::string& id, std::function<void(const JobView&)> call);

  // Changes after `since`, of one job or (id "") of all; `since` becomes the number to ask with the next time. What has
  // ended is remembered for some minutes; nothing where `since` is older than that.
  std::optional<std::vector<JobChange>> changes_since(uint64_t& since, const std::string& id, bool with_previews) const;
  uint64_t last_change() const;

  // Previews are made while somebody wants them: as long as the hold lives, of one job or (id "") of all.
  std::shared_ptr<void> want_previews(const std::string& id);

  // The newest preview of a picture of a job that is drawn; null where there is none.
  std::shared_ptr<const std::string> preview(const std::string& id, int64_t index) const;
  // Key frame k of a picture (Origin::keyframes), once it is there.
  std::shared_ptr<const image::Image> key_frame(const std::string& id, int64_t index, int64_t k) const;

  JobCounts counts() const;

  // No job is accepted any more. What is not kept and not done is cancelled after `grace` seconds; kept jobs stay
  // queued in the history. What was drawn is stored before the jobs are destroyed.
  void close(double grace);

  // ---- for the thread that draws ----

  // The first job that waits of each client, in the order of their turns.
  std::vector<std::shared_ptr<LiveJob>> heads() const;
  // Hands the job's pictures to the network's engine. `to_engine` makes the engine's picture of a request.
  using ToEngine = std::function<engine::Picture(const sample::PictureRequest&)>;
  void submit(const std::shared_ptr<LiveJob>& job, const std::shared_ptr<Loaded>& network, const ToEngine& to_engine,
              std::vector<std::string> warnings);
  void fail(const std::shared_ptr<LiveJob>& job, const std::string& error);
  // Fails what is over its deadline.
  void expire();

 private:
  using LiveJobs = std::list<std::shared_ptr<LiveJob>>;

  // What the engine says: in the thread that draws.
  void started(LiveJob& job) override;
  bool wants_preview(LiveJob& job, int64_t index, int64_t step, bool& is_key_frame) override;
  void preview(const std::shared_ptr<LiveJob>& job, int64_t index, int64_t step, image::Image image,
               bool is_key_frame) override;
  void stepped(LiveJob& job, int64_t index, int64_t steps_done) override;
  void drawn(const std::shared_ptr<LiveJob>& job, int64_t index, image::Image image) override;
  void failed(const std::shared_ptr<LiveJob>& job, const std::string& error) override;
  void cancelled(const std::shared_ptr<LiveJob>& job, int64_t index) override;

  // Room for so many pictures more, or a Refusal; and given back.
  void reserve(const std::string& client, int64_t count, int64_t bytes);
  void release(const std::string& client, int64_t count);  // under the lock
  double seconds_until_room() const;                       // under the lock
  std::shared_ptr<LiveJob> enqueue(store::StoredJob stored, Order order, const Origin& origin);
  std::shared_ptr<LiveJob> live_job(const std::string& id) const;
  JobView view(const LiveJob& job) const;  // under the lock
  // A finished picture to the disk.
  void keep(const std::shared_ptr<LiveJob>& job, int64_t index, const image::Image& image);
  // Nothing more comes of this picture; of the job neither, where it was the last.
  void over(const std::shared_ptr<LiveJob>& job, int64_t index);
  // False where it has ended before. Writes to the disk, so that any thread calls it but the one that draws.
  bool end(const std::shared_ptr<LiveJob>& job, store::JobState state, const std::string& error);
  // What a step takes, told from the time between two; under the lock.
  void learn_pace(const LiveJob& job, LivePicture& picture);
  std::optional<double> seconds_of_queued(const LiveJob& job) const;  // under the lock
  void forget_some();                                                 // under the lock
  void trim_history();

  store::History& history_;
  store::PictureFolder& folder_;
  const JobLimits limits_;
  std::function<void(Haste)> changed_ = [](Haste) {};
  std::function<void()> to_draw_again_ = [] {};

  mutable std::shared_mutex files_;  // taken before mutex_; shared by who adds files, alone by who removes some
  mutable std::mutex mutex_;         // over all that follows
  std::condition_variable ended_;
  uint64_t change_ = 0;     // counts what changes_since() tells
  uint64_t forgotten_ = 0;  // the last change of a job that is not in memory any more
  LiveJobs live_;           // in the order in which they came
  std::map<std::string, LiveJobs::iterator> by_id_;
  LiveJobs to_draw_;                           // not submitted yet
  std::string last_client_;                    // that was submitted
  std::map<std::string, int64_t> waiting_of_;  // pictures that are not drawn, by client
  int64_t all_previews_wanted_ = 0;
  JobCounts counts_;
  RateMeter rate_;
  std::map<int64_t, double> step_seconds_;  // what a step of a picture of so many pixels takes of late
  bool is_closed_ = false;

  // Last, as they do what was posted before they end: one writes pictures and ends jobs, in order; one makes previews.
  http::Workers keeper_{1}, previewer_{1};
};

}  // namespace pixnerd::serve
