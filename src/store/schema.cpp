#include "store/schema.h"

#include <string>
#include <system_error>

#include "core/errors.h"
#include "core/text.h"

namespace pixnerd::store {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kMostLogBytes = 16 << 20;  // that the WAL keeps once it is written back

// Seeds are the 64 bits of an unsigned number. Texts may hold any bytes. A job's sequence is never used again, as
// cursors of lists outlive their jobs.
constexpr const char* kTables = R"(
CREATE TABLE jobs (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  api TEXT NOT NULL,
  client TEXT NOT NULL,
  is_kept INTEGER NOT NULL,
  model TEXT NOT NULL,
  request TEXT NOT NULL,
  count INTEGER NOT NULL,
  state TEXT NOT NULL,
  created REAL NOT NULL,
  started REAL NOT NULL,
  ended REAL NOT NULL,
  error TEXT NOT NULL
) STRICT;
CREATE INDEX jobs_by_time ON jobs (created);
CREATE INDEX jobs_by_state ON jobs (state, created);
CREATE INDEX ended_jobs ON jobs (created) WHERE state NOT IN ('queued', 'running');
CREATE TABLE pictures (
  job INTEGER NOT NULL REFERENCES jobs ON DELETE CASCADE,
  place INTEGER NOT NULL,
  hash TEXT NOT NULL,
  width INTEGER NOT NULL,
  height INTEGER NOT NULL,
  seed INTEGER NOT NULL,
  record TEXT NOT NULL,
  PRIMARY KEY (job, place)
) STRICT, WITHOUT ROWID;
CREATE INDEX pictures_by_hash ON pictures (hash);
CREATE TABLE inputs (
  job INTEGER NOT NULL REFERENCES jobs ON DELETE CASCADE,
  place INTEGER NOT NULL,
  hash TEXT NOT NULL,
  PRIMARY KEY (job, place)
) STRICT, WITHOUT ROWID;
CREATE INDEX inputs_by_hash ON inputs (hash);
CREATE TABLE warnings (
  job INTEGER NOT NULL REFERENCES jobs ON DELETE CASCADE,
  place INTEGER NOT NULL,
  warning TEXT NOT NULL,
  PRIMARY KEY (job, place)
) STRICT, WITHOUT ROWID;
)";

int64_t number(const Database& database, const std::string& sql) {
  Statement statement(database, sql);
  Rows rows = statement();
  if (!rows.next()) database.fail_damaged("no answer");
  return rows.integer(0);
}

// All tables, indices, views and triggers, but those that are SQLite's own.
std::string tables_of(const Database& database) {
  Statement statement(database,
                      "SELECT type || ' ' || name || ' ' || coalesce(sql, '') FROM sqlite_schema "
                      "WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name");
  Rows rows = statement();
  std::string all;
  while (rows.next()) all += rows.text(0) + "\n";
  return all;
}

std::string expected_tables() {
  Database database(":memory:");
  database.run(kTables);
  return tables_of(database);
}

// What SQLite would take for an empty file and begin anew, or wait for.
void refuse_odd_files(const fs::path& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (fs::exists(status) && !fs::is_regular_file(status)) {
    throw DataError(concat("cannot open ", quoted(path), ": it is not a regular file; move it away"));
  }
  const uintmax_t size = fs::exists(status) ? fs::file_size(path, error) : 0;
  if (size == 1) fail_foreign(path);
  const fs::path log = path.string() + "-wal";
  if (size == 0 && fs::exists(log, error) && fs::file_size(log, error) > 0) {
    throw DataError(concat("file ", quoted(path), " is gone, but not what was to be added to it, ", quoted(log),
                           "; bring the first back, or move the second away too"));
  }
}

void make_tables(Database& database) {
  Transaction transaction(database);
  database.run(kTables);
  database.run(concat("PRAGMA application_id = ", kApplicationId, "; PRAGMA user_version = ", kSchemaVersion));
  transaction.commit();
}

// Whether the tables are to be made.
bool is_new(const Database& database) {
  const std::string file = quoted(database.path());
  const int64_t application = number(database, "PRAGMA application_id");
  const int64_t version = number(database, "PRAGMA user_version");
  const std::string tables = tables_of(database);
  if (application == 0 && version == 0 && tables.empty()) return true;
  if (application != kApplicationId) {
    throw DataError(concat("file ", file, " is another program's; move it away, or name another folder"));
  }
  if (version > kSchemaVersion) {
    throw DataError(concat("file ", file, " is of version ", version, ", this program knows version ", kSchemaVersion,
                           "; use the later pixnerd that wrote it, or name another folder"));
  }
  static const std::string expected = expected_tables();
  if (version != kSchemaVersion || tables != expected) database.fail_damaged("its tables are not a history's");
  return false;
}

}  // namespace

Database open_history(const fs::path& path) {
  refuse_odd_files(path);
  Database database(path);
  const bool is_to_be_made = is_new(database);
  database.run(
      concat("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA journal_size_limit = ", kMostLogBytes));
  if (is_to_be_made) make_tables(database);
  return database;
}

}  // namespace pixnerd::store
