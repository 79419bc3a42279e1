// Jobs and their pictures in one file of SQLite. What a call has changed is on the disk when it returns: neither
// `kill -9` nor a failing machine loses it.
//
// Threads: every call from any of them. Processes: one at a time opens a folder.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pixnerd::store {

enum class JobState { queued, running, done, failed, cancelled };
inline bool is_ended(JobState state) {
  return state != JobState::queued && state != JobState::running;
}
std::string_view name_of(JobState state);
std::optional<JobState> job_state(std::string_view name);

struct StoredPicture {
  int64_t index = 0;  // in its job, from 0
  std::string hash;   // picture_folder.h
  int64_t width = 0, height = 0;
  uint64_t seed = 0;
  std::string record;  // JSON
};

struct StoredJob {
  std::string id;       // of letters and digits
  std::string api;      // by which it came
  std::string client;   // whose it is
  bool is_kept = true;  // whether it is drawn after a restart; else it ended with the server
  std::string model;
  std::string request;  // JSON, enough to draw it again
  int64_t count = 0;    // of pictures
  JobState state = JobState::queued;
  double created = 0, started = 0, ended = 0;  // seconds since 1970; 0: not yet
  std::string error;                           // of one that failed
  std::vector<std::string> warnings;
  std::vector<std::string> inputs;        // hashes of pictures that it is drawn from
  std::vector<StoredPicture> pictures{};  // by index; those that are there
};

// Where a list goes on: the jobs before that one, which need not be there any more.
struct Page {
  std::vector<StoredJob> jobs;  // newest first
  std::string next;             // for `before`; "" at the end
};

class History {
 public:
  // Opens or makes <folder>/history.sqlite3. DataError: it cannot be opened or written, another process has it, it is
  // of a later version or no such file; the message says how to mend it.
  explicit History(const std::filesystem::path& folder);
  ~History();
  History(const History&) = delete;
  History& operator=(const History&) = delete;

  // A new job, without pictures. DataError, as of every call that follows, where the disk refuses: nothing was changed.
  void add(const StoredJob& job);

  void set_started(const std::string& id, double when);
  void add_picture(const std::string& id, const StoredPicture& picture);

  // The state is an ended one.
  void set_ended(const std::string& id, JobState state, double when, const std::string& error,
                 const std::vector<std::string>& warnings);

  std::optional<StoredJob> find(const std::string& id) const;

  // At most `limit` of them, of one state where one is given. RequestError: a `before` that no list has given.
  Page list(int64_t limit, const std::string& before = {}, std::optional<JobState> state = {}) const;

  // Jobs that have not ended, in the order in which they came.
  std::vector<StoredJob> unfinished() const;

  // Takes an ended job out. The hashes of files that no other job has, its pictures' and inputs'.
  // Nothing where there is no such job; RequestError where it has not ended.
  std::optional<std::vector<std::string>> remove(const std::string& id);

  // Ids of the oldest ended jobs beyond `most`.
  std::vector<std::string> beyond(int64_t most) const;

  int64_t size() const;  // of all jobs

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace pixnerd::store
