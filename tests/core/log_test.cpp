#include "core/log.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

namespace pixnerd {
namespace {

class LogTest : public testing::Test {
 protected:
  void TearDown() override { set_log_sink({}); }

  void collect() {
    set_log_sink([this](std::string_view line) { lines_.emplace_back(line); });
  }

  std::vector<std::string> lines_;
};

TEST_F(LogTest, WritesPlainLinesToStandardError) {
  testing::internal::CaptureStderr();
  log_info("reading {} %s");
  log_warning("disk nearly full");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "reading {} %s\nwarning: disk nearly full\n");
}

TEST_F(LogTest, SinkReceivesLinesInsteadOfStandardError) {
  testing::internal::CaptureStderr();
  collect();
  log_warning("one");
  log_info("two");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  EXPECT_EQ(lines_, (std::vector<std::string>{"warning: one", "two"}));
}

TEST_F(LogTest, ThreadsDoNotMixTheirLines) {
  collect();
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([] {
      for (int i = 0; i < 200; ++i) log_info("a whole line");
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(lines_, std::vector<std::string>(800, "a whole line"));
}

}  // namespace
}  // namespace pixnerd
