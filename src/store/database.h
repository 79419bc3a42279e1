// SQLite for this room: one file's connection, statements that are prepared once, transactions. What SQLite refuses is
// a DataError that names the file and says how to mend it.
//
// Threads: one at a time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace pixnerd::store {

// Throws DataError: what is there is no file of SQLite's.
[[noreturn]] void fail_foreign(const std::filesystem::path& path);

class Database {
 public:
  // Opens or makes the file, in which nothing is read yet; ":memory:" is one without a file. Nobody else may use it
  // from the first reading on.
  explicit Database(std::filesystem::path path);

  void run(const std::string& sql);  // one or several statements

  int64_t changes() const;   // rows that the last statement has changed
  int64_t last_row() const;  // that was inserted

  const std::filesystem::path& path() const { return path_; }

  // Throws what a result code of SQLite means.
  [[noreturn]] void fail(int code) const;

  // Throws DataError: the file holds something that is not written there.
  [[noreturn]] void fail_damaged(std::string_view what) const;

 private:
  friend class Statement;
  struct Close {
    void operator()(sqlite3* connection) const;
  };

  std::filesystem::path path_;
  std::unique_ptr<sqlite3, Close> connection_;
};

class Rows;

class Statement {
 public:
  Statement(const Database& database, const std::string& sql);

  // Runs it with values for ?1, ?2 ...; whole numbers, doubles, texts (any bytes).
  template <class... Values>
  Rows operator()(const Values&... values);

 private:
  friend class Rows;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };

  void bind(int place, int64_t value);
  void bind(int place, double value);
  void bind(int place, std::string_view value);
  void check(int code) const;

  const Database& database_;
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

// What a running statement gives. One at a time of each statement.
class Rows {
 public:
  explicit Rows(Statement& statement) : statement_(statement) {}
  Rows(const Rows&) = delete;
  Rows& operator=(const Rows&) = delete;
  ~Rows();

  bool next();  // false: no more; a statement that changes something is done then

  // Of the current row. DataError where it is of another type.
  int64_t integer(int column) const;
  double real(int column) const;
  std::string text(int column) const;

 private:
  void require_type(int column, int type) const;

  Statement& statement_;
};

template <class... Values>
Rows Statement::operator()(const Values&... values) {
  int place = 0;
  (bind(++place, values), ...);
  return Rows(*this);
}

// What is changed while it lives is changed whole by commit(), or not at all.
class Transaction {
 public:
  explicit Transaction(Database& database);
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  ~Transaction();

  void commit();

 private:
  Database& database_;
  bool is_open_ = true;
};

}  // namespace pixnerd::store
