// The file of a history: what it says of itself, and files that are not what they should be.
#include <gtest/gtest.h>

#include <fstream>

#include "core/errors.h"
#include "core/file.h"
#include "core/text.h"
#include "store/database.h"
#include "store/history.h"
#include "tests/core/full_disk.h"
#include "tests/core/temporary_folder.h"
#include "tests/core/thrown.h"
#include "tests/store/jobs.h"
#include "tests/store/other_user.h"

namespace pixnerd::store {
namespace {

namespace fs = std::filesystem;

class HistoryFileTest : public testing::Test {
 protected:
  // What opening it says, without the path.
  std::string refusal() const {
    return without_path(thrown<DataError>([&] { History{folder_.path()}; }));
  }

  std::string without_path(std::string message) const {
    EXPECT_LT(message.size(), 200 + 2 * path_.string().size()) << message;
    EXPECT_EQ(message.find('\n'), std::string::npos);
    for (size_t at = 0; (at = message.find(path_.string())) != std::string::npos;) {
      message.replace(at, path_.string().size(), "FILE");
    }
    return message;
  }

  void write(const std::string& content) const { std::ofstream(path_, std::ios::binary) << content; }

  void change(const std::string& sql) const { Database(path_).run(sql); }

  TemporaryFolder folder_;
  fs::path path_ = folder_ / "history.sqlite3";
};

void expect_contains(const std::string& text, const std::string& part) {
  EXPECT_NE(text.find(part), std::string::npos) << text;
}

TEST_F(HistoryFileTest, MakesItsFolder) {
  const fs::path folder = folder_ / "some" / "where";
  History(folder).add(some_job("a"));
  EXPECT_EQ(History(folder).size(), 1);
}

TEST_F(HistoryFileTest, LeavesOneFileAndTheLockWhenItIsClosed) {
  { History(folder_.path()).add(some_job("a")); }
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_.path()), fs::directory_iterator()), 2);
  EXPECT_TRUE(fs::exists(path_));
}

TEST_F(HistoryFileTest, IsSaidToBeAHistory) {
  { const History history(folder_.path()); }
  const std::string content = read_file(path_, 1 << 20);
  EXPECT_EQ(content.substr(0, 15), "SQLite format 3");
  EXPECT_EQ(content.substr(68, 4), "PXND");             // application_id
  EXPECT_EQ(content.substr(18, 2), std::string(2, 2));  // of WAL
}

TEST_F(HistoryFileTest, OfALaterVersionIsNotTouched) {
  { History(folder_.path()).add(some_job("a")); }
  change("PRAGMA user_version = 2");
  const std::string content = read_file(path_, 1 << 20);
  EXPECT_EQ(refusal(),
            "file 'FILE' is of version 2, this program knows version 1; use the later pixnerd that wrote it, or name "
            "another folder");
  EXPECT_EQ(read_file(path_, 1 << 20), content);
}

TEST_F(HistoryFileTest, OfAnotherProgramIsNotTouched) {
  change("CREATE TABLE jobs (a)");
  const std::string content = read_file(path_, 1 << 20);
  EXPECT_EQ(refusal(), "file 'FILE' is another program's; move it away, or name another folder");
  EXPECT_EQ(read_file(path_, 1 << 20), content);
  fs::remove(path_);
  change("PRAGMA application_id = 7");
  expect_contains(refusal(), "is another program's");
}

TEST_F(HistoryFileTest, WithOtherTablesIsDamaged) {
  for (const char* sql :
       {"DROP TABLE warnings", "DROP INDEX jobs_by_time", "ALTER TABLE jobs ADD COLUMN more TEXT",
        "CREATE TRIGGER t AFTER INSERT ON jobs BEGIN DELETE FROM jobs; END", "CREATE VIEW v AS SELECT 1",
        "CREATE TABLE more (a)", "PRAGMA user_version = 0", "PRAGMA user_version = -1"}) {
    { const History history(folder_.path()); }
    change(sql);
    expect_contains(refusal(), "is damaged (its tables are not a history's); move it away, and a new history begins");
    fs::remove(path_);
  }
}

TEST_F(HistoryFileTest, AnAnalysedOneIsAsGood) {
  { History(folder_.path()).add(some_job("a")); }
  change("ANALYZE; VACUUM");
  EXPECT_EQ(History(folder_.path()).size(), 1);
}

TEST_F(HistoryFileTest, WhatIsNoSqliteFileIsNotTouched) {
  for (const std::string& content : {std::string("x"), std::string("{\"jobs\": []}"), std::string(100'000, 'x'),
                                     std::string(4096, '\0'), std::string("SQLite format 3")}) {
    write(content);
    EXPECT_EQ(refusal(), "file 'FILE' is no SQLite file; move it away, and a new history begins");
    EXPECT_EQ(read_file(path_, 1 << 20), content);
  }
}

TEST_F(HistoryFileTest, WhatIsNoFileIsRefused) {
  fs::create_directory(path_);
  EXPECT_EQ(refusal(), "cannot open 'FILE': it is not a regular file; move it away");
  fs::remove(path_);
  fs::create_symlink(folder_ / "no folder" / "file", path_);
  expect_contains(refusal(), "cannot open 'FILE'");
}

// Every change ends in an answer or in a DataError, and never in anything else.
TEST_F(HistoryFileTest, ADamagedFileIsTold) {
  {
    History history(folder_.path());
    for (int i = 0; i < 60; ++i) {
      history.add(some_job(concat("j", i), i));
      history.add_picture(concat("j", i), some_picture(0, some_hash(i)));
      history.set_ended(concat("j", i), JobState::done, i, "", {"a warning"});
    }
  }
  const std::string whole = read_file(path_, 1 << 24);
  const auto read_all = [&] {
    History history(folder_.path());
    std::string cursor;
    for (int page = 0; page < 100; ++page) {
      const Page some = history.list(7, cursor);
      for (const StoredJob& job : some.jobs) history.find(job.id);
      cursor = some.next;
      if (cursor.empty()) break;
    }
    history.unfinished();
    for (const std::string& id : history.beyond(50)) history.remove(id);
    history.add(some_job("new"));
  };
  int told = 0;
  const auto try_it = [&](const std::string& content) {
    for (const char* rest : {"history.sqlite3-wal", "history.sqlite3-journal"}) fs::remove(folder_ / rest);
    write(content);
    try {
      read_all();
    } catch (const DataError& error) {
      ++told;
      without_path(error.what());
    } catch (const RequestError&) {  // an id that is there no more, or twice
    }
  };
  for (size_t cut = 200; cut < whole.size(); cut += 12288) try_it(whole.substr(0, cut));
  const int cuts = told;
  EXPECT_GT(cuts, static_cast<int>(whole.size() / 12288) - 1);
  for (size_t at = 100; at < whole.size(); at += 2411) {
    std::string changed = whole;
    for (size_t i = at; i < std::min(at + 40, whole.size()); ++i) changed[i] = static_cast<char>(changed[i] ^ 0x5a);
    try_it(changed);
  }
  EXPECT_GT(told - cuts, 3);
}

TEST_F(HistoryFileTest, ValuesOutOfRangeAreDamage) {
  for (const char* sql :
       {"UPDATE jobs SET state = 'asleep'", "UPDATE jobs SET is_kept = 2", "UPDATE jobs SET count = -1",
        "UPDATE jobs SET created = -5", "UPDATE jobs SET created = 9e999", "UPDATE jobs SET ended = -9e999",
        "UPDATE jobs SET request = '{'", "UPDATE jobs SET request = CAST(x'22ff22' AS TEXT)",
        "UPDATE jobs SET id = '../x'", "UPDATE inputs SET hash = 'x'", "UPDATE pictures SET hash = '../../x'",
        "UPDATE pictures SET place = 4", "UPDATE pictures SET place = -1", "UPDATE pictures SET width = 0",
        "UPDATE pictures SET height = -9223372036854775808", "UPDATE pictures SET record = ''"}) {
    {
      History history(folder_.path());
      StoredJob job = some_job("a");
      job.inputs = {some_hash(1)};
      history.add(job);
      history.add_picture("a", some_picture(0, some_hash(2)));
    }
    change(sql);
    {
      const History history(folder_.path());
      const std::string message = without_path(thrown<DataError>([&] { history.list(5); }));
      expect_contains(message, "file 'FILE' is damaged (");
      expect_contains(message, "move it away");
    }
    fs::remove(path_);
  }
}

TEST_F(HistoryFileTest, AFolderThatMayNotBeWrittenIsToldAtOnce) {
  { const History history(folder_.path()); }
  fs::permissions(folder_.path(), fs::perms(0555));
  {
    const OtherUser other;
    expect_contains(refusal(), "Permission denied; name another folder, or let this user write there");
  }
  fs::permissions(folder_.path(), fs::perms(0777));
  fs::permissions(folder_ / "history.lock", fs::perms(0666));
  fs::permissions(path_, fs::perms(0444));
  {
    const OtherUser other;
    expect_contains(refusal(), "let this user write it and its folder");
  }
  fs::permissions(path_, fs::perms(0));
  const OtherUser other;
  expect_contains(refusal(), "let this user write it and its folder");
}

TEST_F(HistoryFileTest, AFullDiskChangesNothing) {
  History history(folder_.path());
  history.add(some_job("a"));
  StoredJob large = some_job("large");
  large.request = concat("\"", std::string(1'000'000, 'x'), "\"");
  {
    const FullDisk full(200'000);
    expect_contains(without_path(thrown<DataError>([&] { history.add(large); })), "see that its disk has room");
    EXPECT_EQ(history.size(), 1);
    EXPECT_EQ(history.find("large"), std::nullopt);
    history.set_started("a", 5);  // has room
    EXPECT_EQ(history.find("a").value().state, JobState::running);
    thrown<DataError>([&] { history.set_ended("a", JobState::done, 6, large.request, {}); });
    EXPECT_EQ(history.find("a").value().state, JobState::running);
  }
  history.add(large);
  EXPECT_EQ(history.find("large").value().request, large.request);
}

TEST_F(HistoryFileTest, AFullDiskRefusesANewOne) {
  {
    const FullDisk full(1000);
    expect_contains(refusal(), "see that its disk has room");
  }
  EXPECT_EQ(History(folder_.path()).size(), 0);
}

}  // namespace
}  // namespace pixnerd::store
