// A history when its process is killed, and when there are two of them.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <functional>
#include <thread>

#include "core/errors.h"
#include "store/database.h"
#include "store/history.h"
#include "tests/core/temporary_folder.h"
#include "tests/core/thrown.h"
#include "tests/store/jobs.h"

namespace pixnerd::store {
namespace {

namespace fs = std::filesystem;

class HistoryProcessTest : public testing::Test {
 protected:
  std::string refusal() const {
    return thrown<DataError>([&] { History{folder_.path()}; });
  }

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

TEST_F(HistoryProcessTest, AKilledProcessLosesNothingThatACallHasReturnedFor) {
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

TEST_F(HistoryProcessTest, OneProcessHasIt) {
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

TEST_F(HistoryProcessTest, NoOtherProgramChangesItMeanwhile) {
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

TEST_F(HistoryProcessTest, WhereOnlyTheLogIsLeftNothingIsBegun) {
  Worker other([&](int pipe) {
    History history(folder_.path());
    history.add(some_job("a"));
    say(pipe, 1);
    pause();
  });
  ASSERT_EQ(other.next(), 1);
  other.kill_it();
  fs::rename(path_, folder_ / "kept");
  expect_contains(refusal(), "is gone, but not what was to be added to it");
  EXPECT_FALSE(fs::exists(path_));
  fs::rename(folder_ / "kept", path_);
  EXPECT_EQ(History(folder_.path()).size(), 1);
}

}  // namespace
}  // namespace pixnerd::store
