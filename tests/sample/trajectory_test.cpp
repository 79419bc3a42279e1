#include "sample/trajectory.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <stdexcept>
#include <vector>

#include "core/errors.h"
#include "image/animation.h"
#include "image/codec.h"
#include "tests/checkpoint/files.h"

namespace pixnerd::sample {
namespace {

image::Image plain(int64_t level) {
  image::Image picture = image::blank(8, 6);
  std::fill(picture.rgb.begin(), picture.rgb.end(), static_cast<uint8_t>(level));
  return picture;
}

void add_run(Trajectory& trajectory, int64_t pictures, int64_t steps) {
  for (int64_t step = 0; step < steps; ++step) {
    for (int64_t i = 0; i < pictures; ++i) trajectory.add(i, step, plain(step * 40 + i * 10));
  }
}

std::string error_of(const std::filesystem::path& path, int64_t pictures, int64_t side, int64_t steps) {
  try {
    Trajectory(path, std::vector<int64_t>(static_cast<size_t>(pictures), steps), side, side, 1);
  } catch (const RequestError& error) {
    return error.what();
  }
  ADD_FAILURE() << "no RequestError was thrown";
  return "";
}

TEST(Trajectory, AFrameIsAGridOfAllPictures) {
  const TemporaryFolder folder;
  Trajectory trajectory(folder / "run.webp", {4, 4, 4}, 8, 6, 2);
  EXPECT_EQ(trajectory.frames(), 4);
  EXPECT_FALSE(trajectory.replaces());
  add_run(trajectory, 3, 4);
  trajectory.write();
  const image::Image first = image::read_image(folder / "run.webp");  // of an animation, the first frame
  EXPECT_EQ(first.width, 16);
  EXPECT_EQ(first.height, 12);
  EXPECT_NEAR(first.row(3)[3 * 4], 0, 3);
  EXPECT_NEAR(first.row(3)[3 * 12], 10, 3);
  EXPECT_NEAR(first.row(9)[3 * 4], 20, 3);
  EXPECT_TRUE(Trajectory(folder / "run.webp", {4}, 8, 6, 1).replaces());
}

TEST(Trajectory, LongRunsAreThinned) {
  const TemporaryFolder folder;
  for (const int64_t steps : {1, 99, 100, 101, 250, 1000}) {
    Trajectory trajectory(folder / "run.webp", {steps}, 8, 6, 1);
    EXPECT_EQ(trajectory.frames(), std::min<int64_t>(steps, Trajectory::kMostFrames));
    add_run(trajectory, 1, steps);
    trajectory.write();
  }
}

// A picture of one step, one of two and one of four: all arrive in the last frame, and none changes more often than it
// has steps.
TEST(Trajectory, PicturesOfFewerStepsStandStillInBetween) {
  const TemporaryFolder folder;
  Trajectory trajectory(folder / "run.webp", {1, 4, 2}, 8, 6, 3);
  ASSERT_EQ(trajectory.frames(), 4);
  std::vector<image::Image> expected(4, image::blank(24, 6));
  const std::vector<int64_t> steps{1, 4, 2};
  for (int64_t i = 0; i < 3; ++i) {
    const int64_t own = steps[static_cast<size_t>(i)];
    for (int64_t step = 0; step < own; ++step) trajectory.add(i, step, plain(step * 60 + i * 10));
    for (int64_t frame = 0; frame < 4; ++frame) {
      image::Image& sheet = expected[static_cast<size_t>(frame)];
      for (int y = 0; y < 6; ++y) {
        std::fill_n(sheet.row(y) + 24 * i, 24, static_cast<uint8_t>(frame * own / 4 * 60 + i * 10));
      }
    }
  }
  trajectory.write();
  image::write_webp_animation(folder / "expected.webp", expected, 60, 2000, 90);
  EXPECT_EQ(checkpoint::read_whole(folder / "run.webp"), checkpoint::read_whole(folder / "expected.webp"));
}

TEST(Trajectory, WhatItHasNoPlaceForIsRefused) {
  const TemporaryFolder folder;
  Trajectory trajectory(folder / "run.webp", {4, 8}, 8, 6, 2);
  EXPECT_NO_THROW(trajectory.add(1, 7, plain(1)));
  EXPECT_THROW(trajectory.add(0, 4, plain(1)), std::out_of_range);
  EXPECT_THROW(trajectory.add(1, -1, plain(1)), std::out_of_range);
  EXPECT_THROW(trajectory.add(2, 0, plain(1)), std::out_of_range);
  EXPECT_THROW(trajectory.add(-1, 0, plain(1)), std::out_of_range);
  EXPECT_THROW(trajectory.add(0, 0, image::blank(8, 7)), std::out_of_range);
}

TEST(Trajectory, WhatCannotBeWrittenIsRefusedBeforeTheWork) {
  const TemporaryFolder folder;
  EXPECT_NE(error_of(folder / "run.gif", 1, 8, 4).find(".webp"), std::string::npos);
  EXPECT_NE(error_of(folder / "run.webp", 100, 256, 4).find("too large"), std::string::npos);
  EXPECT_NE(error_of(folder / "run.webp", 1, 8192, 100).find("memory"), std::string::npos);
  std::filesystem::create_directory(folder / "folder.webp");
  EXPECT_NE(error_of(folder / "folder.webp", 1, 8, 4).find("in the way"), std::string::npos);
}

}  // namespace
}  // namespace pixnerd::sample
