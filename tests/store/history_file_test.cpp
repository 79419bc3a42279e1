// The file of a history: what is kept when processes end, and files that are not what they should be.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bit>
#include <chrono>
#include <csignal>
#include <ctime>
#include <fstream>
#include <functional>
#include <thread>

#include "core/errors.h"
#include "core/file.h"
#include "core/hash.h"
#include "core/text.h"
#include "store/database.h"
#include "store/history.h"
#include "store/schema.h"
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

// A process that works and tells so through a pipe.
class Worker {
 public:
  explicit Worker(const std::function<void(int pipe)>& work) {
    int ends[2];
    EXPECT_EQ(pipe(ends), 0);
    id_ = fork();
    if (id_ == 0) {
      close(ends[0]);
      try {
        work(ends[1]);
      } catch (const std::exception&) {
      }
      _exit(1);
    }
    close(ends[1]);
    said_ = ends[0];
  }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  ~Worker() {
    kill_it();
    close(said_);
  }

  // The next number that it says; -1: it has ended.
  int next() const {
    int number = -1;
    return read(said_, &number, sizeof(number)) == sizeof(number) ? number : -1;
  }

  void kill_it() {
    if (id_ <= 0) return;
    kill(id_, SIGKILL);
    waitpid(id_, nullptr, 0);
    id_ = 0;
  }

 private:
  pid_t id_ = 0;
  int said_ = -1;
};

void say(int pipe, int number) {
  if (::write(pipe, &number, sizeof(number)) != sizeof(number)) _exit(1);
}

// Jobs without end, each through its states, the number of steps said after each.
void work_without_end(const fs::path& folder, int begin, int pipe) {
  History history(folder);
  for (int i = begin;; ++i) {
    const std::string id = std::to_string(i);
    history.add(some_job(id, i));
    say(pipe, i);
    history.set_started(id, i);
    history.add_picture(id, some_picture(0, some_hash(i)));
    say(pipe, i);
    history.set_ended(id, JobState::done, i, "", {"a warning"});
    say(pipe, i);
  }
}

TEST_F(HistoryFileTest, AKilledProcessLosesNothingThatACallHasReturnedFor) {
  int job = 0;
  for (int round = 0; round < 6; ++round) {
    int steps = 0;  // of the last job that was spoken of
    {
      Worker worker([&](int pipe) { work_without_end(folder_.path(), job, pipe); });
      for (int i = 0; i < 20 + round; ++i) {
        const int said = worker.next();
        ASSERT_GE(said, job);
        steps = said == job && steps < 3 ? steps + 1 : 1;
        job = said;
      }
      std::this_thread::sleep_for(std::chrono::microseconds(137 * round));
      worker.kill_it();
      for (int said = worker.next(); said >= 0; said = worker.next()) {
        steps = said == job && steps < 3 ? steps + 1 : 1;
        job = said;
      }
    }
    const History history(folder_.path());
    ASSERT_GE(history.size(), job + 1);
    ASSERT_LE(history.size(), job + 2) << "one more may have been written and not spoken of";
    for (int i = 0; i < job; ++i) {
      const StoredJob found = history.find(std::to_string(i)).value();
      if (!is_ended(found.state)) continue;  // another round's last one
      ASSERT_EQ(found.pictures.size(), 1U);
      ASSERT_EQ(found.warnings.size(), 1U);
    }
    const StoredJob last = history.find(std::to_string(job)).value();
    EXPECT_TRUE(steps < 2 || last.pictures.size() == 1);
    EXPECT_TRUE(steps < 3 || last.state == JobState::done);
    EXPECT_EQ(last.warnings.size(), is_ended(last.state) ? 1U : 0U) << "the end of a job is whole";
    EXPECT_LE(history.unfinished().size(), static_cast<size_t>(round) + 2);
    job = static_cast<int>(history.size());
  }
}

TEST_F(HistoryFileTest, OneProcessHasIt) {
  Worker other([&](int pipe) {
    History history(folder_.path());
    history.add(some_job("a"));
    say(pipe, 1);
    pause();
  });
  ASSERT_EQ(other.next(), 1);
  expect_contains(refusal(), "is held by another process; end that one, or name another folder");
  other.kill_it();
  const History history(folder_.path());
  EXPECT_EQ(history.size(), 1);
  expect_contains(refusal(), "is held by another process");
}

TEST_F(HistoryFileTest, NoOtherProgramChangesItMeanwhile) {
  const History history(folder_.path());
  Worker other([&](int pipe) {
    Database database(path_);
    database.run("PRAGMA busy_timeout = 10");
    try {
      database.run("DELETE FROM jobs");
      say(pipe, 1);
    } catch (const DataError& error) {
      say(pipe, std::string(error.what()).find("in use by another program") != std::string::npos ? 0 : 2);
    }
  });
  EXPECT_EQ(other.next(), 0);
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

TEST_F(HistoryFileTest, WhereOnlyTheLogIsLeftNothingIsBegun) {
  Worker other([&](int pipe) {
    History history(folder_.path());
    history.add(some_job("a"));
    say(pipe, 1);
    pause();
  });
  ASSERT_EQ(other.next(), 1);
  other.kill_it();
  fs::rename(path_, folder_ / "kept");
  expect_contains(refusal(), "file 'FILE' is gone, but not what was to be added to it");
  EXPECT_FALSE(fs::exists(path_));
  fs::rename(folder_ / "kept", path_);
  EXPECT_EQ(History(folder_.path()).size(), 1);
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
    EXPECT_EQ(history.find("a")->state, JobState::running);
    thrown<DataError>([&] { history.set_ended("a", JobState::done, 6, large.request, {}); });
    EXPECT_EQ(history.find("a")->state, JobState::running);
  }
  history.add(large);
  EXPECT_EQ(history.find("large")->request, large.request);
}

TEST_F(HistoryFileTest, AFullDiskRefusesANewOne) {
  {
    const FullDisk full(1000);
    expect_contains(refusal(), "see that its disk has room");
  }
  EXPECT_EQ(History(folder_.path()).size(), 0);
}

TEST_F(HistoryFileTest, AHundredThousandJobsAreListedAtOnce) {
  { const History history(folder_.path()); }
  // Half of them at one time, as if it were a clock that stands still.
  change(
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000) "
      "INSERT INTO jobs SELECT i, 'j' || i, 'native', 'c', 1, 'm', '{}', 1, "
      "CASE WHEN i % 1000 = 0 THEN 'failed' ELSE 'done' END, max(i, 50000), 1, 2, '' FROM n;"
      "INSERT INTO pictures SELECT sequence, 0, printf('%064d', sequence % 20000), 1, 1, 0, '{}' FROM jobs");
  History history(folder_.path());
  // The place after j30001, in the midst of those of one time.
  const std::string amid = concat(hexadecimal(std::bit_cast<uint64_t>(50000.0)), hexadecimal(30001));
  const std::clock_t begin = std::clock();  // of the processor: the disk may have much else to do
  for (int i = 0; i < 100; ++i) {
    ASSERT_EQ(history.list(1).jobs[0].id, "j100000");
    ASSERT_EQ(history.list(1, amid).jobs[0].id, "j30000");
    ASSERT_EQ(history.list(1, "", JobState::failed).jobs[0].id, "j100000");
    ASSERT_EQ(history.list(1, amid, JobState::failed).jobs[0].id, "j30000");
    ASSERT_TRUE(history.list(1, "", JobState::cancelled).jobs.empty());
    ASSERT_TRUE(history.unfinished().empty());
    ASSERT_TRUE(history.is_used(some_hash(i)));
  }
  for (int i = 0; i < 5; ++i) {
    ASSERT_EQ(history.beyond(99'998 - i), (std::vector<std::string>{"j1", "j2"}));
    ASSERT_TRUE(history.remove(concat("j", 100 + i))->empty()) << "others have its picture";
    ASSERT_EQ(history.size(), 99'999 - i);
  }
  const double seconds = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  RecordProperty("seconds", std::to_string(seconds));
  EXPECT_LT(seconds, 0.5);
}

}  // namespace
}  // namespace pixnerd::store
