#include "store/history.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <thread>

#include "core/errors.h"
#include "core/text.h"
#include "tests/core/temporary_folder.h"
#include "tests/core/thrown.h"
#include "tests/store/jobs.h"

namespace pixnerd::store {
namespace {

using Strings = std::vector<std::string>;

class HistoryTest : public testing::Test {
 protected:
  HistoryTest() { reopen(); }

  void reopen() {
    history_.reset();
    history_ = std::make_unique<History>(folder_.path());
  }

  TemporaryFolder folder_;
  std::unique_ptr<History> history_;
};

void expect_same(const StoredJob& a, const StoredJob& b) {
  EXPECT_EQ(std::tie(a.id, a.api, a.client, a.is_kept, a.model, a.request, a.count, a.state),
            std::tie(b.id, b.api, b.client, b.is_kept, b.model, b.request, b.count, b.state));
  EXPECT_EQ(std::tie(a.created, a.started, a.ended, a.error, a.warnings, a.inputs),
            std::tie(b.created, b.started, b.ended, b.error, b.warnings, b.inputs));
  ASSERT_EQ(a.pictures.size(), b.pictures.size());
  for (size_t i = 0; i < a.pictures.size(); ++i) {
    const StoredPicture &p = a.pictures[i], &q = b.pictures[i];
    EXPECT_EQ(std::tie(p.index, p.hash, p.width, p.height, p.seed, p.record),
              std::tie(q.index, q.hash, q.width, q.height, q.seed, q.record));
  }
}

TEST(JobState, HasAName) {
  for (const JobState state :
       {JobState::queued, JobState::running, JobState::done, JobState::failed, JobState::cancelled}) {
    EXPECT_EQ(job_state(name_of(state)), state);
  }
  EXPECT_EQ(name_of(JobState::cancelled), "cancelled");
  for (const char* other : {"", "Done", "done ", "none"}) EXPECT_EQ(job_state(other), std::nullopt);
}

TEST_F(HistoryTest, KeepsAJobThroughItsStates) {
  StoredJob job = some_job("a1", 1234.5678);
  job.inputs = {some_hash(1), some_hash(2), some_hash(1)};
  job.warnings = {"first", "second"};
  job.is_kept = false;
  history_->add(job);
  expect_same(history_->find("a1").value(), job);

  history_->set_started("a1", 1235.25);
  job.state = JobState::running;
  job.started = 1235.25;
  history_->add_picture("a1", some_picture(2, some_hash(3)));
  history_->add_picture("a1", some_picture(0, some_hash(4)));
  job.pictures = {some_picture(0, some_hash(4)), some_picture(2, some_hash(3))};
  reopen();
  expect_same(history_->find("a1").value(), job);

  history_->set_ended("a1", JobState::failed, 1240.125, "memory has ended", {"another"});
  job.state = JobState::failed;
  job.ended = 1240.125;
  job.error = "memory has ended";
  job.warnings = {"another"};
  reopen();
  expect_same(history_->find("a1").value(), job);
  EXPECT_EQ(history_->size(), 1);
}

TEST_F(HistoryTest, NumbersAreKeptToTheBit) {
  constexpr double kTime = 1790000000.1234567;
  history_->add(some_job("a", kTime));
  for (const uint64_t seed : {uint64_t{0}, uint64_t{1} << 63, std::numeric_limits<uint64_t>::max()}) {
    StoredPicture picture = some_picture(0, some_hash(1));
    picture.seed = seed;
    picture.width = std::numeric_limits<int64_t>::max();
    history_->add_picture("a", picture);
    const StoredJob job = history_->find("a").value();
    ASSERT_EQ(job.pictures.size(), 1U) << "of the same index";
    EXPECT_EQ(job.pictures[0].seed, seed);
    EXPECT_EQ(job.pictures[0].width, std::numeric_limits<int64_t>::max());
    EXPECT_EQ(job.created, kTime);
  }
}

TEST_F(HistoryTest, TextsMayHoldAnyBytes) {
  using namespace std::string_literals;
  for (const std::string& text :
       {""s, "'); DROP TABLE jobs; --"s, "\"quotes\" 'and' `more`"s, "zero\0byte"s, "\0"s, "\xff\xfe no UTF-8 \xc3"s,
        "\xed\xa0\x80"s, "line\nafter\r\nline"s, "%s%n?1:a@b$c"s, std::string(2'000'000, 'x')}) {
    StoredJob job = some_job("a");
    job.api = job.client = job.model = job.error = text;
    job.warnings = {text, text};
    history_->add(job);
    reopen();
    expect_same(history_->find("a").value(), job);
    history_->set_ended("a", JobState::failed, 1, text, {text});
    EXPECT_EQ(history_->find("a").value().error, text);
    history_->remove("a");
  }
}

TEST_F(HistoryTest, RequestsAndRecordsAreJson) {
  using namespace std::string_literals;
  history_->add(some_job("kept"));
  for (const std::string& text :
       {""s, "{"s, "{\"a\": 1}}"s, "{'a': 1}"s, "nothing"s, "{\"a\": \"\xff\"}"s, "{}\0"s, "{\"a\0\": 1}"s, "{} {}"s,
        std::string(100'000, '['), concat("\"", std::string(17 << 20, 'x'), "\"")}) {
    StoredJob job = some_job("a");
    job.request = text;
    const std::string message = thrown<RequestError>([&] { history_->add(job); });
    EXPECT_LT(message.size(), 200U);
    StoredPicture picture = some_picture(0, some_hash(1));
    picture.record = text;
    thrown<RequestError>([&] { history_->add_picture("kept", picture); });
  }
  EXPECT_EQ(history_->size(), 1);
  StoredJob job = some_job("a");
  job.request = R"({"prompt": "a \"pear\"; '); DROP TABLE jobs; -- \u0000 größer 🍐"})";
  history_->add(job);
  EXPECT_EQ(history_->find("a").value().request, job.request);
}

TEST_F(HistoryTest, ValuesOutOfRangeAreRefused) {
  const auto refused = [&](auto change) {
    StoredJob job = some_job("a");
    change(job);
    EXPECT_LT(thrown<RequestError>([&] { history_->add(job); }).size(), 200U);
  };
  for (const std::string& id : {std::string(), std::string("a-b"), std::string("a/b"), std::string("\xc3\xa4"),
                                std::string(65, 'a'), std::string("a\0", 2)}) {
    refused([&](StoredJob& job) { job.id = id; });
    EXPECT_EQ(history_->find(id), std::nullopt);
  }
  refused([](StoredJob& job) { job.count = -1; });
  for (const double time : {-1.0, std::nan(""), std::numeric_limits<double>::infinity()}) {
    refused([&](StoredJob& job) { job.created = time; });
    refused([&](StoredJob& job) { job.started = time; });
    refused([&](StoredJob& job) { job.ended = time; });
  }
  refused([](StoredJob& job) { job.inputs = {some_hash(1), "../../etc/passwd"}; });
  refused([](StoredJob& job) { job.pictures = {some_picture(0, some_hash(1))}; });
  refused([](StoredJob& job) { job.warnings = {std::string(17 << 20, 'x')}; });
  EXPECT_EQ(history_->size(), 0);

  history_->add(some_job("a"));
  for (const auto& [index, width, height] : {std::tuple{-1, 1, 1}, {4, 1, 1}, {0, 0, 1}, {0, 1, -1}}) {
    StoredPicture picture = some_picture(index, some_hash(1));
    picture.width = width;
    picture.height = height;
    thrown<RequestError>([&] { history_->add_picture("a", picture); });
  }
  thrown<RequestError>([&] { history_->add_picture("a", some_picture(0, "ABC")); });
  thrown<RequestError>([&] { history_->set_started("a", -1); });
  thrown<RequestError>([&] { history_->set_ended("a", JobState::done, std::nan(""), "", {}); });
  thrown<RequestError>([&] { history_->set_ended("a", JobState::running, 1, "", {}); });
  EXPECT_EQ(history_->find("a").value().state, JobState::queued);
  EXPECT_TRUE(history_->find("a").value().pictures.empty());
}

TEST_F(HistoryTest, AnIdIsOneJobs) {
  history_->add(some_job("a", 1));
  EXPECT_NE(thrown<RequestError>([&] { history_->add(some_job("a", 2)); }).find("'a' already"), std::string::npos);
  EXPECT_EQ(history_->find("a").value().created, 1);
  history_->add(some_job("A", 2));
  EXPECT_EQ(history_->find("a").value().created, 1);
}

TEST_F(HistoryTest, AnEndedJobStaysAsItIs) {
  add_done(*history_, "a", 1);
  thrown<RequestError>([&] { history_->set_started("a", 5); });
  thrown<RequestError>([&] { history_->add_picture("a", some_picture(0, some_hash(1))); });
  thrown<RequestError>([&] { history_->set_ended("a", JobState::cancelled, 5, "", {}); });
  EXPECT_EQ(history_->find("a").value().state, JobState::done);
  thrown<RequestError>([&] { history_->set_started("nobody", 5); });
  thrown<RequestError>([&] { history_->add_picture("nobody", some_picture(0, some_hash(1))); });
  thrown<RequestError>([&] { history_->set_ended("nobody", JobState::done, 5, "", {}); });
}

TEST_F(HistoryTest, AJobThatRanMayStartAgain) {
  history_->add(some_job("a"));
  history_->set_started("a", 5);
  reopen();
  history_->set_started("a", 9);
  EXPECT_EQ(history_->find("a").value().started, 9);
}

TEST_F(HistoryTest, RemovingTellsWhichFilesNobodyElseHas) {
  StoredJob one = some_job("one"), two = some_job("two");
  one.inputs = {some_hash(1), some_hash(2), some_hash(3)};
  two.inputs = {some_hash(2)};
  history_->add(one);
  history_->add(two);
  history_->add_picture("one", some_picture(0, some_hash(4)));
  history_->add_picture("one", some_picture(1, some_hash(4)));  // twice in one job
  history_->add_picture("one", some_picture(2, some_hash(5)));
  history_->add_picture("one", some_picture(3, some_hash(1)));  // what it was drawn from
  history_->add_picture("two", some_picture(0, some_hash(5)));
  history_->add_picture("two", some_picture(1, some_hash(3)));  // an input of the other
  EXPECT_NE(thrown<RequestError>([&] { history_->remove("one"); }).find("cancel it first"), std::string::npos);
  history_->set_ended("one", JobState::cancelled, 1, "", {"a warning"});
  history_->set_ended("two", JobState::done, 1, "", {});

  Strings gone = history_->remove("one").value();
  std::sort(gone.begin(), gone.end());
  EXPECT_EQ(gone, (Strings{some_hash(1), some_hash(4)}));
  EXPECT_EQ(history_->find("one"), std::nullopt);
  EXPECT_EQ(history_->remove("one"), std::nullopt);
  EXPECT_FALSE(history_->is_used(some_hash(4)));
  EXPECT_TRUE(history_->is_used(some_hash(3)));
  EXPECT_TRUE(history_->is_used(some_hash(2)));

  gone = history_->remove("two").value();
  std::sort(gone.begin(), gone.end());
  EXPECT_EQ(gone, (Strings{some_hash(2), some_hash(3), some_hash(5)}));
  EXPECT_EQ(history_->size(), 0);
}

TEST_F(HistoryTest, ThreadsMayCallAtTheSameTime) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 20; ++i) {
        const std::string id = concat("t", t, "i", i);
        history_->add(some_job(id, i));
        history_->set_started(id, i);
        history_->add_picture(id, some_picture(0, some_hash(t)));
        history_->list(3);
        history_->set_ended(id, JobState::done, i, "", {});
        if (i % 2 == 0) history_->remove(id);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(history_->size(), 40);
  EXPECT_EQ(history_->list(100).jobs.size(), 40U);
  EXPECT_TRUE(history_->unfinished().empty());
}

}  // namespace
}  // namespace pixnerd::store
