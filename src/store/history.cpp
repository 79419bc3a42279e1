#include "store/history.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <mutex>

#include "core/errors.h"
#include "core/file_lock.h"
#include "core/text.h"
#include "store/database.h"
#include "store/job_checks.h"
#include "store/make_folder.h"
#include "store/schema.h"
#include "store/statements.h"

namespace pixnerd::store {
namespace {

namespace fs = std::filesystem;

using Lock = std::lock_guard<std::mutex>;

void refuse(const std::optional<std::string>& fault) {
  if (fault) throw RequestError(concat("the history of jobs cannot keep ", *fault));
}

const fs::path& made(const fs::path& folder) {
  make_folder(folder);
  return folder;
}

}  // namespace

struct History::State {
  explicit State(const fs::path& folder)
      : lock(made(folder) / "history.lock", "end that one, or name another folder"),
        database(open_history(folder / "history.sqlite3")),
        statements(database) {}

  void refuse_no_json(const std::string& text) {
    if (!statements.is_json(text)) refuse(concat("what is no JSON: ", quoted(text)));
  }

  // The sequence and count of a job that has not ended.
  std::pair<int64_t, int64_t> live(const std::string& id) {
    Rows rows = statements.place(id);
    if (!rows.next()) throw RequestError(concat("there is no job ", quoted(id)));
    const std::optional<JobState> state = job_state(rows.text(1));
    if (!state || is_ended(*state)) throw RequestError(concat("job ", quoted(id), " has ended already"));
    return {Statements::sequence_of(rows), rows.integer(2)};
  }

  FileLock lock;
  Database database;
  Statements statements;
  std::mutex mutex;
};

History::History(const fs::path& folder) : state_(std::make_unique<State>(folder)) {}

History::~History() = default;

void History::add(const StoredJob& job) {
  refuse(fault_of(job));
  if (!job.pictures.empty()) throw RequestError(concat("job ", quoted(job.id), " is new and has pictures already"));
  const Lock lock(state_->mutex);
  Statements& statements = state_->statements;
  state_->refuse_no_json(job.request);
  Transaction transaction(state_->database);
  statements
      .insert_job(job.id, job.api, job.client, int64_t{job.is_kept}, job.model, job.request, job.count,
                  name_of(job.state), job.created, job.started, job.ended, job.error)
      .next();
  if (state_->database.changes() == 0) throw RequestError(concat("there is a job ", quoted(job.id), " already"));
  const int64_t sequence = state_->database.last_row();
  int64_t place = 0;
  for (const std::string& hash : job.inputs) statements.insert_input(sequence, place++, hash).next();
  statements.put_warnings(sequence, job.warnings);
  transaction.commit();
}

void History::set_started(const std::string& id, double when) {
  refuse(fault_of_time(when));
  const Lock lock(state_->mutex);
  Transaction transaction(state_->database);
  state_->statements.start(state_->live(id).first, when).next();
  transaction.commit();
}

void History::add_picture(const std::string& id, const StoredPicture& picture) {
  const Lock lock(state_->mutex);
  Transaction transaction(state_->database);
  const auto [sequence, count] = state_->live(id);
  refuse(fault_of(picture, count));
  state_->refuse_no_json(picture.record);
  state_->statements
      .insert_picture(sequence, picture.index, picture.hash, picture.width, picture.height,
                      std::bit_cast<int64_t>(picture.seed), picture.record)
      .next();
  transaction.commit();
}

void History::set_ended(const std::string& id, JobState state, double when, const std::string& error,
                        const std::vector<std::string>& warnings) {
  if (!is_ended(state)) throw RequestError(concat("job ", quoted(id), " does not end by being ", name_of(state)));
  refuse(fault_of_time(when));
  refuse(fault_of_texts({error}));
  refuse(fault_of_texts(warnings));
  const Lock lock(state_->mutex);
  Transaction transaction(state_->database);
  const int64_t sequence = state_->live(id).first;
  state_->statements.end(sequence, name_of(state), when, error).next();
  state_->statements.put_warnings(sequence, warnings);
  transaction.commit();
}

std::optional<StoredJob> History::find(const std::string& id) const {
  const Lock lock(state_->mutex);
  Rows rows = state_->statements.find(id);
  if (!rows.next()) return std::nullopt;
  return state_->statements.job_of(rows);
}

Page History::list(int64_t limit, const std::string& before, std::optional<JobState> state) const {
  if (limit < 1) throw RequestError(concat("a list of ", limit, " jobs cannot be given; ask for 1 or more"));
  Cursor from{std::numeric_limits<double>::infinity(), std::numeric_limits<int64_t>::max()};
  if (!before.empty()) {
    const std::optional<Cursor> given = cursor_of(before);
    if (!given)
      throw RequestError(concat(quoted(before), " is not where a list goes on; take `next` of a list's page"));
    from = *given;
  }
  const Lock lock(state_->mutex);
  Statements& statements = state_->statements;
  const int64_t most = std::min(limit, std::numeric_limits<int64_t>::max() - 1) + 1;  // one more tells of a next page
  Rows rows = state ? statements.list_of_state(from.created, from.sequence, most, name_of(*state))
                    : statements.list(from.created, from.sequence, most);
  Page page;
  while (rows.next()) {
    if (static_cast<int64_t>(page.jobs.size()) == limit) {
      page.next = text_of(from);
      break;
    }
    page.jobs.push_back(statements.job_of(rows));
    from = {page.jobs.back().created, Statements::sequence_of(rows)};
  }
  return page;
}

std::vector<StoredJob> History::unfinished() const {
  const Lock lock(state_->mutex);
  std::vector<StoredJob> jobs;
  Rows rows = state_->statements.unfinished();
  while (rows.next()) jobs.push_back(state_->statements.job_of(rows));
  return jobs;
}

std::optional<std::vector<std::string>> History::remove(const std::string& id) {
  const Lock lock(state_->mutex);
  Transaction transaction(state_->database);
  int64_t sequence = 0;
  {
    Rows rows = state_->statements.place(id);
    if (!rows.next()) return std::nullopt;
    const std::optional<JobState> state = job_state(rows.text(1));
    if (state && !is_ended(*state)) throw RequestError(concat("job ", quoted(id), " has not ended; cancel it first"));
    sequence = Statements::sequence_of(rows);
  }
  std::vector<std::string> hashes;
  {
    Rows rows = state_->statements.own_hashes(sequence);
    while (rows.next()) hashes.push_back(rows.text(0));
  }
  state_->statements.remove(sequence).next();
  transaction.commit();
  return hashes;
}

std::vector<std::string> History::beyond(int64_t most) const {
  const Lock lock(state_->mutex);
  std::vector<std::string> ids;
  Rows rows = state_->statements.beyond(std::max<int64_t>(most, 0));
  while (rows.next()) ids.push_back(rows.text(0));
  std::reverse(ids.begin(), ids.end());
  return ids;
}

bool History::is_used(const std::string& hash) const {
  const Lock lock(state_->mutex);
  Rows rows = state_->statements.is_used(hash);
  return rows.next() && rows.integer(0) == 1;
}

int64_t History::size() const {
  const Lock lock(state_->mutex);
  Rows rows = state_->statements.size();
  if (!rows.next()) state_->database.fail_damaged("no answer");
  return rows.integer(0);
}

}  // namespace pixnerd::store
