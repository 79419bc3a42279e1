// `pixnerd sample --resume`: a folder that a run was stopped at goes on.
#include <chrono>
#include <fstream>
#include <thread>

#include "image/codec.h"
#include "sample/record.h"
#include "tests/cli/program.h"
#include "tests/sample/tiny_model.h"

namespace pixnerd::cli {
namespace {

namespace fs = std::filesystem;
using Arguments = std::vector<std::string>;

class ResumeSampleTest : public testing::Test {
 protected:
  ResumeSampleTest() { sample::write_tiny_model(folder_ / "tiny.safetensors", sample::tiny_description()); }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  Arguments arguments(const std::string& out, const Arguments& more = {}) const {
    Arguments all{"sample", "--checkpoint", path("tiny.safetensors"), "--classes", "0,1", "--count", "5",
                  "--out",  path(out)};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  Outcome sample(const std::string& out, const Arguments& more = {}) const { return program_(arguments(out, more)); }

  void expect_same(const std::string& a, const std::string& b) const {
    for (const auto& entry : fs::directory_iterator(path(b))) {
      const std::string name = entry.path().filename().string();
      if (name == "manifest.jsonl") continue;
      EXPECT_EQ(checkpoint::read_whole(path(a + "/" + name)), checkpoint::read_whole(entry.path())) << name;
    }
    EXPECT_EQ(sample::read_records(path(a + "/manifest.jsonl")).size(), 10U);
  }

  TemporaryFolder folder_;
  Program program_;
};

TEST_F(ResumeSampleTest, PicturesThatAreThereStay) {
  ASSERT_EQ(sample("whole", {"--batch", "3", "--threads", "1"}).code, 0);
  ASSERT_EQ(sample("part", {"--resume", "--batch", "10"}).code, 0);  // nothing there yet
  fs::remove(path("part/00004.png"));
  fs::remove(path("part/00009.png"));
  const auto before = fs::last_write_time(path("part/00003.png"));
  const Outcome outcome = sample("part", {"--resume", "--batch", "1", "--threads", "2"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_TRUE(outcome.says("10 pictures, seeds 0 to 9, 2 of them drawn now")) << outcome.out;
  EXPECT_EQ(fs::last_write_time(path("part/00003.png")), before);
  expect_same("part", "whole");
  EXPECT_TRUE(sample("part", {"--resume"}).says("0 of them drawn now"));
  // Killed between a picture and its line.
  const std::string lines = checkpoint::read_whole(path("part/manifest.jsonl"));
  std::ofstream(path("part/manifest.jsonl")) << lines.substr(0, lines.find('\n') + 1);
  EXPECT_EQ(sample("part", {"--resume"}).code, 0);
  expect_same("part", "whole");
}

TEST_F(ResumeSampleTest, AKilledRunGoesOn) {
  const Arguments slow{"--steps", "300", "--batch", "3", "--threads", "1"};
  ASSERT_EQ(sample("whole", slow).code, 0);
  program_.start(arguments("part", slow));
  for (int wait = 0; wait < 30000 && !fs::exists(path("part/00003.png")); ++wait) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  program_.signal(SIGKILL);
  program_.wait();
  ASSERT_TRUE(fs::exists(path("part/00003.png")));
  const Outcome outcome = sample("part", {"--steps", "300", "--batch", "4", "--resume"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  expect_same("part", "whole");
}

TEST_F(ResumeSampleTest, WhatWasMadeOtherwiseIsRefused) {
  ASSERT_EQ(sample("part").code, 0);
  expect_error(sample("part"), 1, "is not empty");
  expect_error(sample("part", {"--resume", "--steps", "2"}), 1, "steps is 4, not 2");
  expect_error(sample("part", {"--resume", "--seed", "1"}), 1, "seed is 0, not 1");
  sample::write_tiny_model(folder_ / "tiny.safetensors", sample::tiny_description(), 2);
  expect_error(sample("part", {"--resume"}), 1, "checkpoint_hash is");
  fs::create_directories(path("other"));
  std::ofstream(path("other/notes.txt")) << "mine";
  expect_error(sample("other", {"--resume"}), 1, "has no picture of these");
  expect_error(sample("a.npz", {"--resume"}), 2, "--resume is for a folder");
  expect_error(sample("part", {"--resume", "--overwrite"}), 2, "--resume");
  expect_error(sample("part", {"--resume", "--no-record"}), 2, "--resume");
}

TEST_F(ResumeSampleTest, APictureThatWasCutShortIsNoPicture) {
  ASSERT_EQ(sample("part").code, 0);
  const std::string content = checkpoint::read_whole(path("part/00002.png"));
  std::ofstream(path("part/00002.png")) << content.substr(0, content.size() - 30);
  expect_error(sample("part", {"--resume"}), 1, "00002.png");
}

}  // namespace
}  // namespace pixnerd::cli
