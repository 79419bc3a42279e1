#include "cli/terminal_progress.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>
#include <vector>

#include "core/log.h"

namespace pixnerd::cli {
namespace {

class TerminalProgressTest : public testing::Test {
 protected:
  TerminalProgress make(bool terminal, int columns = 80) {
    return TerminalProgress("sampling", "steps", {&out_, terminal, columns}, [this] { return now_; });
  }

  int64_t lines() const {
    const std::string text = out_.str();
    return std::count(text.begin(), text.end(), '\n');
  }

  bool shows(const std::string& part) const { return out_.str().find(part) != std::string::npos; }

  std::ostringstream out_;
  double now_ = 100;
};

TEST_F(TerminalProgressTest, PlainLinesAreFarApart) {
  TerminalProgress progress = make(false);
  for (int i = 0; i <= 200; ++i) {  // 20 s in steps of 0.1 s
    progress.update(i, 400, "");
    now_ += 0.1;
  }
  EXPECT_GE(lines(), 3);
  EXPECT_LE(lines(), 4);
  EXPECT_TRUE(shows("/400 steps"));
  EXPECT_TRUE(shows("10 a second")) << out_.str();
  EXPECT_TRUE(shows("left"));
  EXPECT_FALSE(shows("\r"));
  EXPECT_FALSE(shows("\x1b"));
}

TEST_F(TerminalProgressTest, TheTimeLeftIsThatOfTheWorkWithoutItsPauses) {
  TerminalProgress progress = make(true);
  progress.update(0, 10, "");
  now_ += 1;
  progress.update(2, 10, "");
  now_ += 3600;
  progress.leave_out_pause();
  now_ += 1;
  progress.update(4, 10, "");
  EXPECT_TRUE(shows("4/10 steps, 2 a second, 3.0 s left")) << out_.str();
}

TEST_F(TerminalProgressTest, AShortRunIsOneLine) {
  TerminalProgress progress = make(false);
  progress.update(0, 10, "");
  now_ += 2;
  progress.update(10, 10, "");
  progress.finish();
  EXPECT_EQ(out_.str(), "sampling: 10 steps in 2.0 s, 5 a second\n");
}

TEST_F(TerminalProgressTest, ABarIsDrawnOverItself) {
  {
    TerminalProgress progress = make(true);
    progress.update(0, 8, "");
    now_ += 1;
    progress.update(4, 8, "loss 0.5");
    EXPECT_TRUE(shows("\rsampling 50% [###")) << out_.str();
    EXPECT_TRUE(shows("4/8 steps, 4 a second, 1.0 s left, loss 0.5")) << out_.str();
    EXPECT_EQ(lines(), 0);
  }
  EXPECT_TRUE(out_.str().ends_with("\r\x1b[K"));  // room for an error message
}

TEST_F(TerminalProgressTest, ABarIsDrawnAtMostTenTimesASecond) {
  TerminalProgress progress = make(true);
  for (int i = 0; i < 1000; ++i) {
    progress.update(i, 2000, "");
    now_ += 0.001;
  }
  const std::string text = out_.str();
  EXPECT_LE(std::count(text.begin(), text.end(), '\r'), 12);
}

TEST_F(TerminalProgressTest, ABarFitsTheTerminal) {
  for (const int columns : {1, 10, 30, 50, 60, 200}) {
    out_.str("");
    TerminalProgress progress = make(true, columns);
    progress.update(3, 8, "a note");
    const std::string text = out_.str();
    const size_t drawn = text.find("\x1b[K") - 1;  // without the return in front
    EXPECT_LT(drawn, static_cast<size_t>(std::max(columns, 2)));
  }
}

TEST_F(TerminalProgressTest, AnUnknownTotalHasNoBar) {
  TerminalProgress progress = make(true);
  progress.update(7, 0, "");
  EXPECT_TRUE(shows("sampling 7 steps"));
  EXPECT_FALSE(shows("%"));
}

TEST_F(TerminalProgressTest, ProgramsGetEventsThatAreNotTooMany) {
  {
    TerminalProgress progress("sampling", "steps", {&out_, false, 80, false, ProgressForm::json},
                              [this] { return now_; });
    progress.update(0, 1000, "");
    for (int i = 1; i <= 1000; ++i) {  // 10 s
      now_ += 0.01;
      progress.update(i, 1000, i == 500 ? "loss 0.5" : "");
    }
    progress.finish();
  }
  std::vector<nlohmann::json> events;
  std::istringstream text(out_.str());
  for (std::string line; std::getline(text, line);) events.push_back(nlohmann::json::parse(line));
  ASSERT_GE(events.size(), 20U);
  EXPECT_LE(events.size(), 24U);
  EXPECT_EQ(events.front().dump(), R"({"done":0,"event":"start","label":"sampling","total":1000,"unit":"steps"})");
  EXPECT_EQ(events[1].at("event"), "update");
  EXPECT_NEAR(events[1].at("per_second").get<double>(), 100, 1);
  EXPECT_NEAR(events[1].at("seconds_left").get<double>(), 9.5, 0.1);
  EXPECT_EQ(events.back().at("event"), "end");
  EXPECT_EQ(events.back().at("done"), 1000);
  EXPECT_NEAR(events.back().at("seconds").get<double>(), 10, 0.01);
}

TEST_F(TerminalProgressTest, AnEndComesOfWorkThatFailsToo) {
  {
    TerminalProgress progress("packing", "pictures", {&out_, false, 80, false, ProgressForm::json});
    progress.update(3, 0, "");
  }
  EXPECT_TRUE(shows(R"({"event":"start","label":"packing","unit":"pictures","done":3,"total":null})")) << out_.str();
  EXPECT_TRUE(shows(R"({"event":"end")")) << out_.str();
}

TEST_F(TerminalProgressTest, NoneSaysNothing) {
  TerminalProgress progress("sampling", "steps", {&out_, false, 80, false, ProgressForm::none},
                            [this] { return now_; });
  progress.update(0, 10, "");
  now_ += 60;
  progress.update(10, 10, "");
  progress.finish();
  EXPECT_EQ(out_.str(), "");
}

TEST_F(TerminalProgressTest, LogLinesStandAboveTheBar) {
  TerminalProgress progress = make(true);
  progress.update(4, 8, "");
  log_warning("a picture is broken");
  const std::string text = out_.str();
  const size_t line = text.find("warning: a picture is broken\n");
  ASSERT_NE(line, std::string::npos);
  EXPECT_NE(text.find("sampling 50%", line), std::string::npos);  // drawn again below
}

}  // namespace
}  // namespace pixnerd::cli
