#include "store/statements.h"

#include <bit>

#include "core/text.h"
#include "store/job_checks.h"

namespace pixnerd::store {
namespace {

constexpr const char* kJobs =
    "SELECT sequence, id, api, client, is_kept, model, request, count, state, created, started, ended, error, "
    "json_valid(request) FROM jobs ";
constexpr const char* kBefore = "(created, sequence) < (?1, ?2) ORDER BY created DESC, sequence DESC LIMIT ?3";
constexpr const char* kPictures =
    "SELECT place, hash, width, height, seed, record, json_valid(record) FROM pictures WHERE job = ?1 ORDER BY place";
constexpr const char* kBeyond =
    "SELECT id FROM jobs WHERE state NOT IN ('queued', 'running') ORDER BY created DESC, sequence DESC "
    "LIMIT -1 OFFSET ?1";
constexpr const char* kOwnHashes =
    "SELECT hash FROM (SELECT hash FROM pictures WHERE job = ?1 UNION SELECT hash FROM inputs WHERE job = ?1) AS own "
    "WHERE NOT EXISTS (SELECT 1 FROM pictures WHERE hash = own.hash AND job <> ?1) "
    "AND NOT EXISTS (SELECT 1 FROM inputs WHERE hash = own.hash AND job <> ?1)";
constexpr const char* kIsUsed =
    "SELECT EXISTS (SELECT 1 FROM pictures WHERE hash = ?1) OR EXISTS (SELECT 1 FROM inputs WHERE hash = ?1)";
constexpr const char* kInsertJob =
    "INSERT INTO jobs (id, api, client, is_kept, model, request, count, state, created, started, ended, error) "
    "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) ON CONFLICT (id) DO NOTHING";
constexpr const char* kInsertPicture =
    "INSERT OR REPLACE INTO pictures (job, place, hash, width, height, seed, record) "
    "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";

std::vector<std::string> texts(Rows&& rows) {
  std::vector<std::string> all;
  while (rows.next()) all.push_back(rows.text(0));
  return all;
}

}  // namespace

Statements::Statements(Database& database)
    : database_(database),
      find(database, concat(kJobs, "WHERE id = ?1")),
      list(database, concat(kJobs, "WHERE ", kBefore)),
      list_of_state(database, concat(kJobs, "WHERE state = ?4 AND ", kBefore)),
      unfinished(database, concat(kJobs, "WHERE state IN ('queued', 'running') ORDER BY sequence")),
      place(database, "SELECT sequence, state, count FROM jobs WHERE id = ?1"),
      beyond(database, kBeyond),
      own_hashes(database, kOwnHashes),
      is_used(database, kIsUsed),
      size(database, "SELECT count(*) FROM jobs"),
      insert_job(database, kInsertJob),
      insert_input(database, "INSERT INTO inputs (job, place, hash) VALUES (?1, ?2, ?3)"),
      insert_picture(database, kInsertPicture),
      start(database, "UPDATE jobs SET state = 'running', started = ?2 WHERE sequence = ?1"),
      end(database, "UPDATE jobs SET state = ?2, ended = ?3, error = ?4 WHERE sequence = ?1"),
      remove(database, "DELETE FROM jobs WHERE sequence = ?1"),
      pictures_(database, kPictures),
      inputs_(database, "SELECT hash FROM inputs WHERE job = ?1 ORDER BY place"),
      warnings_(database, "SELECT warning FROM warnings WHERE job = ?1 ORDER BY place"),
      insert_warning_(database, "INSERT INTO warnings (job, place, warning) VALUES (?1, ?2, ?3)"),
      delete_warnings_(database, "DELETE FROM warnings WHERE job = ?1"),
      is_json_(database, "SELECT json_valid(?1)") {}

bool Statements::is_json(const std::string& text) {
  Rows rows = is_json_(text);
  return rows.next() && rows.integer(0) == 1;
}

StoredJob Statements::job_of(const Rows& rows) {
  StoredJob job;
  const int64_t sequence = sequence_of(rows);
  job.id = rows.text(1);
  job.api = rows.text(2);
  job.client = rows.text(3);
  const int64_t is_kept = rows.integer(4);
  job.is_kept = is_kept == 1;
  job.model = rows.text(5);
  job.request = rows.text(6);
  job.count = rows.integer(7);
  const std::string name = rows.text(8);
  const std::optional<JobState> state = job_state(name);
  job.created = rows.real(9);
  job.started = rows.real(10);
  job.ended = rows.real(11);
  job.error = rows.text(12);
  job.inputs = texts(inputs_(sequence));
  job.warnings = texts(warnings_(sequence));

  if (!state) database_.fail_damaged(concat("a job's state is ", quoted(name)));
  if (is_kept != 0 && is_kept != 1) database_.fail_damaged("neither kept nor not");
  if (rows.integer(13) != 1) database_.fail_damaged("a request that is no JSON");
  if (const auto fault = fault_of(job)) database_.fail_damaged(*fault);
  job.state = *state;
  job.pictures = pictures_of(sequence, job.count);
  return job;
}

std::vector<StoredPicture> Statements::pictures_of(int64_t job, int64_t count) {
  std::vector<StoredPicture> all;
  Rows rows = pictures_(job);
  while (rows.next()) {
    StoredPicture picture;
    picture.index = rows.integer(0);
    picture.hash = rows.text(1);
    picture.width = rows.integer(2);
    picture.height = rows.integer(3);
    picture.seed = std::bit_cast<uint64_t>(rows.integer(4));
    picture.record = rows.text(5);
    if (rows.integer(6) != 1) database_.fail_damaged("a record that is no JSON");
    if (const auto fault = fault_of(picture, count)) database_.fail_damaged(*fault);
    all.push_back(std::move(picture));
  }
  return all;
}

void Statements::put_warnings(int64_t job, const std::vector<std::string>& warnings) {
  delete_warnings_(job).next();
  int64_t at = 0;
  for (const std::string& warning : warnings) insert_warning_(job, at++, warning).next();
}

}  // namespace pixnerd::store
