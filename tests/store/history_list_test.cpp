// Lists of a history's jobs.
#include <gtest/gtest.h>

#include <bit>
#include <ctime>
#include <limits>

#include "core/errors.h"
#include "core/hash.h"
#include "core/text.h"
#include "store/database.h"
#include "store/history.h"
#include "tests/core/temporary_folder.h"
#include "tests/core/thrown.h"
#include "tests/store/jobs.h"

namespace pixnerd::store {
namespace {

using Strings = std::vector<std::string>;

class HistoryListTest : public testing::Test {
 protected:
  HistoryListTest() { reopen(); }

  void reopen() {
    history_.reset();
    history_ = std::make_unique<History>(folder_.path());
  }

  Strings ids(const Page& page) const {
    Strings all;
    for (const StoredJob& job : page.jobs) all.push_back(job.id);
    return all;
  }

  TemporaryFolder folder_;
  std::unique_ptr<History> history_;
};

TEST_F(HistoryListTest, ListsTheNewestFirst) {
  for (const auto& [id, created] : {std::pair{"b", 2.0}, {"c", 3.0}, {"a", 1.0}, {"d", 3.0}, {"e", 2.0}}) {
    history_->add(some_job(id, created));
  }
  EXPECT_EQ(ids(history_->list(10)), (Strings{"d", "c", "e", "b", "a"}));
  EXPECT_EQ(history_->list(5).next, "");
  const Page first = history_->list(2);
  EXPECT_EQ(ids(first), (Strings{"d", "c"}));
  const Page second = history_->list(2, first.next);
  EXPECT_EQ(ids(second), (Strings{"e", "b"}));
  const Page last = history_->list(std::numeric_limits<int64_t>::max(), second.next);
  EXPECT_EQ(ids(last), (Strings{"a"}));
  EXPECT_EQ(last.next, "");
}

TEST_F(HistoryListTest, ListsOneState) {
  for (int i = 0; i < 6; ++i) {
    add_done(*history_, std::to_string(i), i, i % 2 == 0 ? JobState::done : JobState::failed);
  }
  history_->add(some_job("q", 3));
  const Page first = history_->list(2, "", JobState::done);
  EXPECT_EQ(ids(first), (Strings{"4", "2"}));
  EXPECT_EQ(ids(history_->list(2, first.next, JobState::done)), (Strings{"0"}));
  EXPECT_EQ(ids(history_->list(9, first.next, JobState::failed)), (Strings{"1"})) << "a cursor is of any list";
  EXPECT_EQ(ids(history_->list(9, "", JobState::queued)), (Strings{"q"}));
  EXPECT_TRUE(history_->list(9, "", JobState::cancelled).jobs.empty());
}

TEST_F(HistoryListTest, PagesGoOnWhileJobsComeAndGo) {
  for (int i = 0; i < 10; ++i) add_done(*history_, concat("j", i), 5);
  const Page first = history_->list(4);
  EXPECT_EQ(ids(first), (Strings{"j9", "j8", "j7", "j6"}));
  history_->remove("j6");  // where the list goes on
  history_->remove("j5");
  history_->remove("j9");
  add_done(*history_, "later", 5);
  add_done(*history_, "earlier", 4);
  const Page second = history_->list(4, first.next);
  EXPECT_EQ(ids(second), (Strings{"j4", "j3", "j2", "j1"}));
  reopen();
  EXPECT_EQ(ids(history_->list(4, second.next)), (Strings{"j0", "earlier"}));
}

TEST_F(HistoryListTest, ACursorDoesNotMeetAJobThatCameAfterIt) {
  for (int i = 0; i < 3; ++i) add_done(*history_, std::to_string(i), 5);
  const Page first = history_->list(1);
  history_->remove("2");
  history_->add(some_job("new", 5));
  EXPECT_EQ(ids(history_->list(9, first.next)), (Strings{"1", "0"}));
}

TEST_F(HistoryListTest, RefusesWhatIsNoCursor) {
  for (int i = 0; i < 3; ++i) history_->add(some_job(std::to_string(i)));
  const std::string good = history_->list(1).next;
  ASSERT_FALSE(good.empty());
  EXPECT_NO_THROW(history_->list(1, good));
  std::string upper = good;
  for (char& c : upper) c = static_cast<char>(std::toupper(c));
  for (const std::string& bad :
       {std::string("0"), good + "0", good.substr(1), upper, std::string(32, 'f'), std::string(32, '0'),
        concat("-", good.substr(1)), std::string(32, '\0'), std::string("' OR 1=1 --"), std::string(100'000, 'a')}) {
    const std::string message = thrown<RequestError>([&] { history_->list(1, bad); });
    EXPECT_NE(message.find("next"), std::string::npos);
    EXPECT_LT(message.size(), 300U);
  }
  for (const int64_t limit : {int64_t{0}, std::numeric_limits<int64_t>::min()}) {
    thrown<RequestError>([&] { history_->list(limit); });
  }
}

TEST_F(HistoryListTest, UnfinishedJobsComeInTheirOrder) {
  history_->add(some_job("first", 9));
  add_done(*history_, "done", 8);
  history_->add(some_job("second", 7));  // the clock went back
  history_->add(some_job("third", 8));
  history_->set_started("second", 9);
  reopen();
  Strings found;
  for (const StoredJob& job : history_->unfinished()) found.push_back(job.id);
  EXPECT_EQ(found, (Strings{"first", "second", "third"}));
}

TEST_F(HistoryListTest, TheOldestEndedJobsAreBeyondTheNewest) {
  for (int i = 0; i < 5; ++i) add_done(*history_, std::to_string(i), 10 + i);
  history_->add(some_job("q", 1));
  EXPECT_EQ(history_->beyond(3), (Strings{"0", "1"}));
  EXPECT_EQ(history_->beyond(0), (Strings{"0", "1", "2", "3", "4"}));
  EXPECT_TRUE(history_->beyond(5).empty());
  EXPECT_TRUE(history_->beyond(std::numeric_limits<int64_t>::max()).empty());
}

TEST_F(HistoryListTest, AHundredThousandJobsAreListedAtOnce) {
  history_.reset();
  // Half of them at one time, as if it were a clock that stands still.
  Database(folder_ / "history.sqlite3")
      .run(
          "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000) "
          "INSERT INTO jobs SELECT i, 'j' || i, 'native', 'c', 1, 'm', '{}', 1, "
          "CASE WHEN i % 1000 = 0 THEN 'failed' ELSE 'done' END, max(i, 50000), 1, 2, '' FROM n;"
          "INSERT INTO pictures SELECT sequence, 0, printf('%064d', sequence % 20000), 1, 1, 0, '{}' FROM jobs");
  reopen();
  // The place after j30001, in the midst of those of one time.
  const std::string amid = concat(hexadecimal(std::bit_cast<uint64_t>(50000.0)), hexadecimal(30001));
  const std::clock_t begin = std::clock();  // of the processor: the disk may have much else to do
  for (int i = 0; i < 100; ++i) {
    ASSERT_EQ(history_->list(1).jobs[0].id, "j100000");
    ASSERT_EQ(history_->list(1, amid).jobs[0].id, "j30000");
    ASSERT_EQ(history_->list(1, "", JobState::failed).jobs[0].id, "j100000");
    ASSERT_EQ(history_->list(1, amid, JobState::failed).jobs[0].id, "j30000");
    ASSERT_TRUE(history_->list(1, "", JobState::cancelled).jobs.empty());
    ASSERT_TRUE(history_->unfinished().empty());
    ASSERT_TRUE(history_->is_used(some_hash(i)));
  }
  for (int i = 0; i < 5; ++i) {
    ASSERT_EQ(history_->beyond(99'998 - i), (std::vector<std::string>{"j1", "j2"}));
    ASSERT_TRUE(history_->remove(concat("j", 100 + i))->empty()) << "others have its picture";
    ASSERT_EQ(history_->size(), 99'999 - i);
  }
  const double seconds = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  RecordProperty("seconds", std::to_string(seconds));
  EXPECT_LT(seconds, 0.5);
}

}  // namespace
}  // namespace pixnerd::store
