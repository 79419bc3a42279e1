#include "store/database.h"

#include <sqlite3.h>

#include <cstring>
#include <new>
#include <utility>

#include "core/errors.h"
#include "core/text.h"

namespace pixnerd::store {
namespace {

constexpr int kBusyMilliseconds = 5000;
constexpr int kMostRowBytes = 128 << 20;  // of a text or a row: a damaged file makes nobody allocate more

}  // namespace

void Database::Close::operator()(sqlite3* connection) const {
  sqlite3_close_v2(connection);
}

Database::Database(std::filesystem::path path) : path_(std::move(path)) {
  sqlite3* opened = nullptr;
  const int code = sqlite3_open_v2(path_.c_str(), &opened,
                                   SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
  connection_.reset(opened);
  if (opened == nullptr) throw std::bad_alloc();
  sqlite3_extended_result_codes(opened, 1);
  if (code != SQLITE_OK) fail(code);
  // Otherwise the first locking fails, with a reason that tells nothing.
  if (sqlite3_db_readonly(opened, "main") == 1) fail(SQLITE_READONLY);
  sqlite3_busy_timeout(opened, kBusyMilliseconds);
  sqlite3_limit(opened, SQLITE_LIMIT_LENGTH, kMostRowBytes);
  sqlite3_db_config(opened, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  // Exclusive: the index of the WAL is in this process's memory then and not in a mapped file, which a full disk would
  // make a signal of, and a network file system unreliable.
  run("PRAGMA locking_mode = EXCLUSIVE; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;"
      "PRAGMA foreign_keys = ON");
}

void Database::run(const std::string& sql) {
  const int code = sqlite3_exec(connection_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) fail(code);
}

int64_t Database::changes() const {
  return sqlite3_changes64(connection_.get());
}

int64_t Database::last_row() const {
  return sqlite3_last_insert_rowid(connection_.get());
}

void Database::fail(int code) const {
  const int system = sqlite3_system_errno(connection_.get());
  const std::string reason =
      printable(system != 0 ? std::strerror(system) : static_cast<const char*>(sqlite3_errmsg(connection_.get())));
  const std::string file = quoted(path_);
  switch (code & 0xff) {
    case SQLITE_NOMEM:
      throw std::bad_alloc();
    case SQLITE_NOTADB:
      fail_foreign(path_);
    case SQLITE_CORRUPT:
      fail_damaged(reason);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      throw DataError(concat("file ", file, " is in use by another program; end that one, or name another folder"));
    case SQLITE_FULL:
      throw DataError(concat("cannot write ", file, ": the disk is full; make room on it"));
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
      throw DataError(concat("cannot open ", file, " for writing; let this user write it and its folder"));
    case SQLITE_IOERR:
      throw DataError(concat("cannot read or write ", file, ": ", reason, "; see that its disk has room and works"));
    default:
      throw DataError(concat("cannot use ", file, ": ", reason, "; move it away, and a new history begins"));
  }
}

void fail_foreign(const std::filesystem::path& path) {
  throw DataError(concat("file ", quoted(path), " is no SQLite file; move it away, and a new history begins"));
}

void Database::fail_damaged(std::string_view what) const {
  throw DataError(concat("file ", quoted(path_), " is damaged (", printable(what),
                         "); move it away, and a new history begins, or save what can be read by sqlite3's .recover"));
}

void Statement::Finalize::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

Statement::Statement(const Database& database, const std::string& sql) : database_(database) {
  sqlite3_stmt* prepared = nullptr;
  const int code = sqlite3_prepare_v3(database.connection_.get(), sql.c_str(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &prepared, nullptr);
  statement_.reset(prepared);
  check(code);
}

void Statement::check(int code) const {
  if (code != SQLITE_OK) database_.fail(code);
}

void Statement::bind(int place, int64_t value) {
  check(sqlite3_bind_int64(statement_.get(), place, value));
}

void Statement::bind(int place, double value) {
  check(sqlite3_bind_double(statement_.get(), place, value));
}

void Statement::bind(int place, std::string_view value) {
  const char* const bytes = value.empty() ? "" : value.data();  // a null pointer would be NULL
  check(sqlite3_bind_text64(statement_.get(), place, bytes, value.size(), SQLITE_TRANSIENT, SQLITE_UTF8));
}

Rows::~Rows() {
  sqlite3_reset(statement_.statement_.get());
  sqlite3_clear_bindings(statement_.statement_.get());
}

bool Rows::next() {
  const int code = sqlite3_step(statement_.statement_.get());
  if (code != SQLITE_ROW && code != SQLITE_DONE) statement_.database_.fail(code);
  return code == SQLITE_ROW;
}

void Rows::require_type(int column, int type) const {
  if (sqlite3_column_type(statement_.statement_.get(), column) != type) {
    statement_.database_.fail_damaged(
        concat("a value of another type in column ", sqlite3_column_name(statement_.statement_.get(), column)));
  }
}

int64_t Rows::integer(int column) const {
  require_type(column, SQLITE_INTEGER);
  return sqlite3_column_int64(statement_.statement_.get(), column);
}

double Rows::real(int column) const {
  require_type(column, SQLITE_FLOAT);
  return sqlite3_column_double(statement_.statement_.get(), column);
}

std::string Rows::text(int column) const {
  require_type(column, SQLITE_TEXT);
  const auto* const bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement_.statement_.get(), column));
  if (bytes == nullptr) throw std::bad_alloc();
  return std::string(bytes, static_cast<size_t>(sqlite3_column_bytes(statement_.statement_.get(), column)));
}

Transaction::Transaction(Database& database) : database_(database) {
  database_.run("BEGIN IMMEDIATE");
}

Transaction::~Transaction() {
  if (!is_open_) return;
  try {
    database_.run("ROLLBACK");
  } catch (const std::exception&) {  // SQLite has rolled back by itself
  }
}

void Transaction::commit() {
  database_.run("COMMIT");
  is_open_ = false;
}

}  // namespace pixnerd::store
