// Jobs and their pictures in one file of SQLite. What a call has changed is on the disk when it returns: neither
// `kill -9` nor a failing machine loses it.
//
// Threads: every call from any of them. Processes: one at a time opens a folder; the file itself is locked as long, for
// other programs too.
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
  std::string id;       // 1 to 64 letters and digits
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

// Errors of every call: DataError where the disk refuses or the file is damaged. RequestError where a value that is to
// be kept breaks what is said here: an id of other than 1 to 64 letters and digits; a hash that is_hash() does not
// know; a request or record that is no JSON, no UTF-8 or holds a zero byte; a time that is no number from 0; numbers
// below 0, a picture of no pixels or with an index of `count` or more; a text above 16 MiB. All other texts may hold
// any bytes. After an error nothing is changed.
class History {
 public:
  // Opens or makes <folder>/history.sqlite3. DataError: it cannot be opened or written, another process has it, it is
  // of a later version or no such file; the message says how to mend it.
  explicit History(const std::filesystem::path& folder);
  ~History();
  History(const History&) = delete;
  History& operator=(const History&) = delete;

  // A new job in any state, without pictures. RequestError: there is one of its id.
  void add(const StoredJob& job);

  // These three are of a job that has not ended; RequestError where there is no such one. A job that runs may start
  // again, as after a restart of the server; a picture of the same index takes the place of what was there.
  void set_started(const std::string& id, double when);
  void add_picture(const std::string& id, const StoredPicture& picture);

  // The state is an ended one (else a RequestError); the warnings take the place of those it had.
  void set_ended(const std::string& id, JobState state, double when, const std::string& error,
                 const std::vector<std::string>& warnings);

  std::optional<StoredJob> find(const std::string& id) const;

  // The newest `limit` of them (1 or more, else a RequestError), by `created` and then by the order in which they came;
  // of one state where one is given. `before`: Page::next of another call; RequestError: it has not that form.
  Page list(int64_t limit, const std::string& before = {}, std::optional<JobState> state = {}) const;

  // Jobs that have not ended, in the order in which they came.
  std::vector<StoredJob> unfinished() const;

  // Takes an ended job out. The hashes of files that no other job has, its pictures' and inputs'; until those are
  // removed, nobody may put the same bytes (picture_folder.h).
  // Nothing where there is no such job; RequestError where it has not ended.
  std::optional<std::vector<std::string>> remove(const std::string& id);

  // Ids of the ended jobs that are not among the `most` newest, the oldest first.
  std::vector<std::string> beyond(int64_t most) const;

  // Whether a job has the file of that hash, as a picture or as an input.
  bool is_used(const std::string& hash) const;

  int64_t size() const;  // of all jobs

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace pixnerd::store
