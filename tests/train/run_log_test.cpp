// What the log's files hold; tensorboard_test.py reads the events.
#include "train/run_log.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <limits>
#include <sstream>
#include <thread>
#include <vector>

#include "config/json.h"
#include "core/errors.h"
#include "core/file.h"
#include "core/log.h"
#include "core/text.h"
#include "tests/core/full_disk.h"
#include "tests/core/temporary_folder.h"
#include "tests/core/thrown.h"

namespace pixnerd::train {
namespace {

namespace fs = std::filesystem;

LogEntry entry_at(int64_t step) {
  LogEntry entry{.step = step,
                 .loss = 0.1 + 1.0 / static_cast<double>(step),
                 .by_time = {},
                 .learning_rate = 1e-5,
                 .gradient_norm = 2,
                 .images_per_second = 98.5,
                 .memory_bytes = 812'345'678};
  entry.by_time.add(0.05, 0.5);
  entry.by_time.add(0.06, 0.25);
  entry.by_time.add(0.99, 1.0 / 3.0);
  return entry;
}

class RunLogTest : public testing::Test {
 protected:
  RunLogTest() {
    set_log_sink([this](std::string_view line) { warnings_.emplace_back(line); });
  }
  ~RunLogTest() override { set_log_sink({}); }

  std::string content() const { return read_file(path_, 1 << 24); }
  // The last file's.
  std::string events() const { return read_file(event_files(folder_.path()).back(), 1 << 24); }
  void put(const std::string& text) const { std::ofstream(path_, std::ios::binary) << text; }

  std::vector<std::string> lines() const {
    std::istringstream in(content());
    std::vector<std::string> all;
    for (std::string line; std::getline(in, line);) all.push_back(line);
    return all;
  }

  // A log of `steps` entries; the text after it.
  std::string write_steps(int64_t steps) const {
    RunLog log(folder_.path(), -1);
    for (int64_t step = 1; step <= steps; ++step) log.add(entry_at(step));
    return content();
  }

  TemporaryFolder folder_;
  fs::path path_ = folder_ / "log.jsonl";
  std::vector<std::string> warnings_;
};

TEST_F(RunLogTest, AnEvaluationIsALineOfFigures) {
  RunLog log(folder_.path(), -1);
  log.add(EvaluationEntry{40, 5000, {{"fid", 12.5}, {"kid", std::numeric_limits<double>::quiet_NaN()}}});
  EXPECT_EQ(content(), "{\"step\":40,\"eval\":{\"pictures\":5000,\"fid\":12.5,\"kid\":\"nan\"}}\n");
  EXPECT_NE(events().find("eval/fid"), std::string::npos);
}

TEST_F(RunLogTest, OneLineAnEntry) {
  RunLog log(folder_.path(), -1);
  log.add(entry_at(4));
  ValidationEntry validation{.step = 4, .loss = 0.73, .by_time = {}};
  for (int i = 0; i < 10; ++i) validation.by_time.add(0.05 + 0.1 * i, i);
  log.add(validation);
  log.add(ValidationEntry{.step = 5, .loss = std::numeric_limits<double>::quiet_NaN(), .by_time = {}});
  EXPECT_EQ(
      content(),
      R"({"step":4,"loss":0.35,"loss_by_time":[0.375,null,null,null,null,null,null,null,null,0.3333333333333333],)"
      R"("lr":1.0e-05,"gradient_norm":2.0,"images_per_second":98.5,"memory_bytes":812345678})"
      "\n"
      R"({"step":4,"validation_loss":0.73,"validation_loss_by_time":[0.0,1.0,2.0,3.0,4.0,5.0,6.0,7.0,8.0,9.0]})"
      "\n"
      R"({"step":5,"validation_loss":"nan","validation_loss_by_time":[null,null,null,null,null,null,null,null,null,null]})"
      "\n");
}

TEST_F(RunLogTest, ValidationLossesOfMoreSizesHaveTheirNames) {
  RunLog log(folder_.path(), -1);
  log.add(ValidationEntry{.step = 4, .loss = 0.5, .by_time = {}, .more_sizes = {{128, 0.25}, {96, 0.75}}});
  const std::string line = content();
  EXPECT_NE(line.find(R"(null],"validation_loss_128":0.25,"validation_loss_96":0.75})"), std::string::npos) << line;
}

TEST_F(RunLogTest, AnEntryIsInTheFilesAtOnce) {
  RunLog log(folder_.path(), -1);
  size_t before = 0;
  for (int64_t step = 1; step <= 3; ++step) {
    log.add(entry_at(step));
    EXPECT_EQ(lines().size(), static_cast<size_t>(step));
    EXPECT_GT(events().size(), before);
    before = events().size();
  }
}

TEST_F(RunLogTest, ResumeDropsLaterLines) {
  std::vector<size_t> sizes;
  {
    RunLog log(folder_.path(), -1);
    for (int64_t step = 0; step <= 5; ++step) {
      log.add(ValidationEntry{.step = step, .loss = 1, .by_time = {}});
      if (step > 0) log.add(entry_at(step));
      sizes.push_back(content().size());
    }
  }
  const std::string whole = content();
  for (const size_t step : {5u, 3u, 0u}) {
    const RunLog log(folder_.path(), static_cast<int64_t>(step));
    EXPECT_EQ(content(), whole.substr(0, sizes[step]));
  }
  RunLog(folder_.path(), 0).add(entry_at(1));
  EXPECT_EQ(lines().size(), 2u);
  const RunLog anew(folder_.path(), -1);
  EXPECT_EQ(content(), "");
  EXPECT_TRUE(warnings_.empty());
}

// A reader that is at work has the files open.
TEST_F(RunLogTest, EventsThatAreThereAreNeverChanged) {
  write_steps(3);
  const std::string before = events();
  const fs::path file = event_files(folder_.path()).back(), link = folder_ / "link";
  fs::create_hard_link(file, link);
  RunLog(folder_.path(), 1).add(entry_at(2));
  EXPECT_TRUE(fs::equivalent(file, link));
  EXPECT_EQ(read_file(file, 1 << 20), before);
  EXPECT_EQ(event_files(folder_.path()).size(), 2u);
}

TEST_F(RunLogTest, EqualRunsGiveEqualTextWhereverTheyStopped) {
  const std::string whole = write_steps(5);
  for (int64_t stop = 0; stop <= 5; ++stop) {
    RunLog log(folder_.path(), stop);
    for (int64_t step = stop + 1; step <= 5; ++step) log.add(entry_at(step));
    EXPECT_EQ(content(), whole);
  }
}

TEST_F(RunLogTest, ResumeAfterACutAnywhere) {
  const std::string shorter = write_steps(2), whole = write_steps(3);
  for (size_t cut = shorter.size(); cut < whole.size(); ++cut) {
    put(whole.substr(0, cut));
    // Without its end of line the last object is whole all the same.
    EXPECT_EQ((RunLog(folder_.path(), 3), content()), cut + 1 == whole.size() ? whole : shorter) << cut;
    put(whole.substr(0, cut));
    RunLog(folder_.path(), 2).add(entry_at(3));
    EXPECT_EQ(content(), whole) << cut;
  }
  EXPECT_TRUE(warnings_.empty());
}

TEST_F(RunLogTest, LinesThatAreNoEntriesAreLeftOutAndNamed) {
  const std::string whole = write_steps(2);
  const size_t middle = whole.find('\n') + 1;
  for (const std::string& line : {std::string("{"), std::string(""), std::string("[1]"), std::string("{\"loss\": 1}"),
                                  std::string("{\"step\":1.5}"), std::string("{\"step\":\"1\"}"), std::string("\xFF"),
                                  std::string(8, '\0'), std::string(1'100'000, ' ')}) {
    put(whole.substr(0, middle) + line + "\n" + whole.substr(middle));
    warnings_.clear();
    const RunLog log(folder_.path(), 2);
    EXPECT_EQ(content(), whole);
    ASSERT_EQ(warnings_.size(), 1u);
    EXPECT_EQ(warnings_[0], concat("warning: '", path_, "': 1 line that is no entry is left out, the first is line 2"));
  }
  put("x\n" + whole + "y\nz\n{\"st");
  const RunLog log(folder_.path(), 2);
  EXPECT_EQ(content(), whole);
  EXPECT_EQ(warnings_.back(),
            concat("warning: '", path_, "': 3 lines that are no entries are left out, the first is line 1"));
}

TEST_F(RunLogTest, AKilledProcessLosesNoEntry) {
  for (int round = 1; round <= 5; ++round) {
    const pid_t child = fork();
    if (child == 0) {
      RunLog log(folder_.path(), -1);
      for (int64_t step = 1;; ++step) log.add(entry_at(step));
    }
    ASSERT_GT(child, 0);
    std::this_thread::sleep_for(std::chrono::milliseconds(20 * round));
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);

    const RunLog log(folder_.path(), std::numeric_limits<int64_t>::max());
    const std::vector<std::string> all = lines();
    for (size_t i = 0; i < all.size(); ++i) {
      EXPECT_EQ(config::parse_json(all[i], "line").at("step").scalar, std::to_string(i + 1));
    }
  }
  EXPECT_TRUE(warnings_.empty());
}

TEST_F(RunLogTest, AFullDiskIsAnErrorThatKeepsWholeLines) {
  const std::string whole = write_steps(2);
  RunLog log(folder_.path(), 2);
  {
    const FullDisk full(whole.size() + 10);
    EXPECT_EQ(thrown<DataError>([&] { log.add(entry_at(3)); }), concat("cannot write '", path_, "': File too large"));
    EXPECT_EQ(content(), whole);
  }
  log.add(entry_at(3));
  EXPECT_EQ(lines().size(), 3u);
}

TEST_F(RunLogTest, AFolderThatIsNotThereIsAnError) {
  EXPECT_EQ(thrown<DataError>([&] { RunLog(folder_ / "none", -1); }),
            concat("cannot open '", folder_ / "none" / "log.jsonl", "': No such file or directory"));
}

}  // namespace
}  // namespace pixnerd::train
