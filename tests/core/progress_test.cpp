#include "core/progress.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace pixnerd {
namespace {

class RateMeterTest : public testing::Test {
 protected:
  void at(double time, int64_t done) {
    now_ = time;
    meter_.update(done);
  }

  double now_ = 0;
  RateMeter meter_{10, [this] { return now_; }};
};

TEST_F(RateMeterTest, KnowsNothingBeforeTwoUpdates) {
  EXPECT_EQ(meter_.per_second(), 0);
  EXPECT_FALSE(meter_.seconds_left(5).has_value());
  at(0, 0);
  EXPECT_EQ(meter_.per_second(), 0);
  EXPECT_FALSE(meter_.seconds_left(5).has_value());
  at(0, 3);
  EXPECT_EQ(meter_.per_second(), 0);
}

TEST_F(RateMeterTest, MeasuresAndForetells) {
  at(0, 0);
  at(2, 10);
  EXPECT_DOUBLE_EQ(meter_.per_second(), 5);
  EXPECT_DOUBLE_EQ(meter_.seconds_left(60).value(), 10);
  EXPECT_DOUBLE_EQ(meter_.seconds_left(10).value(), 0);
  EXPECT_DOUBLE_EQ(meter_.seconds_left(3).value(), 0);
}

TEST_F(RateMeterTest, ForgetsWhatIsOlderThanTheWindow) {
  for (int i = 0; i <= 10; ++i) at(i, i * 100);
  for (int i = 11; i <= 30; ++i) at(i, 1000 + (i - 10));
  EXPECT_DOUBLE_EQ(meter_.per_second(), 1);
}

TEST_F(RateMeterTest, KeepsARateWhenUpdatesAreRarerThanTheWindow) {
  at(0, 0);
  at(100, 50);
  at(200, 100);
  EXPECT_DOUBLE_EQ(meter_.per_second(), 0.5);
}

TEST_F(RateMeterTest, ManyUpdatesInsideAWindowStayExact) {
  for (int i = 0; i <= 100'000; ++i) at(i * 1e-3, i);
  EXPECT_NEAR(meter_.per_second(), 1000, 1e-6);
}

TEST_F(RateMeterTest, BeginsAnewWhenTheCountFalls) {
  at(0, 0);
  at(1, 100);
  at(2, 1);
  EXPECT_EQ(meter_.per_second(), 0);
  at(3, 3);
  EXPECT_DOUBLE_EQ(meter_.per_second(), 2);
}

TEST_F(RateMeterTest, APauseDoesNotCount) {
  at(0, 0);
  meter_.leave_out_pause();
  at(1, 2);
  now_ = 601;
  meter_.leave_out_pause();
  EXPECT_DOUBLE_EQ(meter_.per_second(), 2);
  at(602, 4);
  EXPECT_DOUBLE_EQ(meter_.per_second(), 2);
  EXPECT_DOUBLE_EQ(meter_.seconds_left(10).value(), 3);
  RateMeter fresh;
  fresh.leave_out_pause();
  EXPECT_EQ(fresh.per_second(), 0);
}

TEST(RateMeterDefaultsTest, HasAClockAndNeedsAWindow) {
  RateMeter meter;
  meter.update(0);
  meter.update(1);
  EXPECT_GE(meter.per_second(), 0);
  EXPECT_THROW(RateMeter(0), std::invalid_argument);
}

TEST(ProgressTest, ReachesTheImplementation) {
  struct Last : Progress {
    void update(int64_t done, int64_t total, std::string_view note) override {
      text = std::to_string(done) + "/" + std::to_string(total) + std::string(note);
    }
    std::string text;
  } last;
  Progress& progress = last;
  progress.update(3, 4, " loss 0.7");
  EXPECT_EQ(last.text, "3/4 loss 0.7");
}

}  // namespace
}  // namespace pixnerd
