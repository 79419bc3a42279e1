// All that a history asks of its file, in SQL (the tables: schema.cpp), and its answers as jobs.
//
// Threads: one at a time.
#pragma once

#include <string>
#include <vector>

#include "store/database.h"
#include "store/history.h"

namespace pixnerd::store {

class Statements {
 public:
  explicit Statements(Database& database);

  bool is_json(const std::string& text);  // UTF-8 without zero bytes

  // One job of those that `rows` gives, the sequence in column 0. DataError: the file holds what no history writes.
  StoredJob job_of(const Rows& rows);
  static int64_t sequence_of(const Rows& rows) { return rows.integer(0); }

  void put_warnings(int64_t job, const std::vector<std::string>& warnings);

 private:
  Database& database_;
  std::vector<StoredPicture> pictures_of(int64_t job, int64_t count);

 public:
  // Jobs, as job_of() reads them. In lists ?1, ?2: before that time and sequence; ?3: how many; ?4: their state.
  Statement find;
  Statement list, list_of_state;
  Statement unfinished;

  Statement place;  // of the job ?1: its sequence, state and count
  Statement beyond;
  Statement own_hashes;  // of files that the job ?1 has and no other
  Statement is_used;
  Statement size;

  Statement insert_job, insert_input, insert_picture;
  Statement start, end, remove;

 private:
  Statement pictures_, inputs_, warnings_;
  Statement insert_warning_, delete_warnings_;
  Statement is_json_;
};

}  // namespace pixnerd::store
