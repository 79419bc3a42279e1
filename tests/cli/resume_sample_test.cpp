// `pixnerd sample --resume`: a folder or .npz that a run was stopped at goes on.
#include <algorithm>
#include <fstream>

#include "image/codec.h"
#include "sample/record.h"
#include "tests/cli/program.h"
#include "tests/core/waiting.h"
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
  EXPECT_TRUE(comes_true([&] { return fs::exists(path("part/00003.png")); }));
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
  expect_error(sample("a.png", {"--resume"}), 2, "--resume is for a folder or .npz");
  expect_error(sample("part", {"--resume", "--overwrite"}), 2, "--resume");
  expect_error(sample("part", {"--resume", "--no-record"}), 2, "--resume");
}

TEST_F(ResumeSampleTest, APictureThatWasCutShortIsNoPicture) {
  ASSERT_EQ(sample("part").code, 0);
  const std::string content = checkpoint::read_whole(path("part/00002.png"));
  std::ofstream(path("part/00002.png")) << content.substr(0, content.size() - 30);
  expect_error(sample("part", {"--resume"}), 1, "00002.png");
}

// What a run into an .npz has left, cut to so many pictures and bytes of a further one: as it is in the middle.
class ResumeNpzTest : public ResumeSampleTest {
 protected:
  static constexpr size_t kPicture = 8 * 8 * 3;

  void stop_in_the_middle() const {
    const Arguments slow = arguments("part.npz", {"--steps", "300", "--batch", "1"});  // one is done after the other
    program_.start(slow);
    EXPECT_TRUE(comes_true([&] { return lines() >= 4; }));
    program_.signal(SIGKILL);
    program_.wait();
    ASSERT_GE(lines(), 4);
    ASSERT_FALSE(fs::exists(path("part.npz")));
  }

  // Of the journal, whole ones.
  int64_t lines() const {
    if (!fs::exists(path("part.npz.unfinished.jsonl"))) return 0;
    const std::string text = checkpoint::read_whole(path("part.npz.unfinished.jsonl"));
    return std::count(text.begin(), text.end(), '\n');
  }

  Outcome resumed(const Arguments& more = {}) const {
    Arguments all{"--steps", "300", "--resume"};
    all.insert(all.end(), more.begin(), more.end());
    return sample("part.npz", all);
  }

  void expect_whole() const {
    if (!fs::exists(path("whole.npz"))) {
      ASSERT_EQ(sample("whole.npz", {"--steps", "300"}).code, 0);
    }
    EXPECT_EQ(checkpoint::read_whole(path("part.npz")), checkpoint::read_whole(path("whole.npz")));
    for (const auto& entry : fs::directory_iterator(folder_.path())) {
      EXPECT_EQ(entry.path().string().find(".unfinished"), std::string::npos) << entry.path();
    }
  }
};

TEST_F(ResumeNpzTest, AKilledRunGoesOnToTheSameBytes) {
  stop_in_the_middle();
  const Outcome outcome = resumed();
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_TRUE(outcome.says("10 pictures, seeds 0 to 9, ") && outcome.says(" of them drawn now")) << outcome.out;
  EXPECT_FALSE(outcome.says(" 10 of them drawn now")) << outcome.out;
  expect_whole();
  expect_error(resumed(), 1, "is there already, whole");
}

TEST_F(ResumeNpzTest, ATerminatedRunGoesOnAndNothingThereIsABeginning) {
  program_.start(arguments("part.npz", {"--steps", "300", "--batch", "1", "--resume"}));
  EXPECT_TRUE(comes_true([&] { return lines() >= 4; }));
  program_.signal(SIGTERM);
  EXPECT_EQ(program_.wait().code, -1);
  ASSERT_TRUE(fs::exists(path("part.npz.unfinished")));
  EXPECT_EQ(resumed().code, 0);
  expect_whole();
}

TEST_F(ResumeNpzTest, WhatIsTornOrDamagedIsDrawnAgain) {
  stop_in_the_middle();
  // The last picture is short, the last line too, and a bit of the first picture has changed.
  const fs::path pixels = path("part.npz.unfinished"), journal = path("part.npz.unfinished.jsonl");
  const std::string text = checkpoint::read_whole(journal);
  checkpoint::write_whole(journal, text.substr(0, text.size() - 5));
  std::string bytes = checkpoint::read_whole(pixels);
  const size_t begin = bytes.size() % kPicture;  // what stands before the pixels is shorter than one of them, or two
  bytes[begin + kPicture + 7] = static_cast<char>(bytes[begin + kPicture + 7] ^ 1);
  checkpoint::write_whole(pixels, bytes.substr(0, bytes.size() - 10));
  const Outcome outcome = resumed();
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  expect_whole();
}

TEST_F(ResumeNpzTest, WhatIsThereIsNeitherUsedNorDroppedWithoutAWord) {
  stop_in_the_middle();
  expect_error(sample("part.npz", {"--steps", "300"}), 1, "of 10 pictures of a run that was stopped; --resume goes on");
  expect_error(sample("part.npz", {"--steps", "3", "--resume"}), 1, "steps is 300, not 3");
  expect_error(resumed({"--seed", "1"}), 1, "seed is 0, not 1");
  expect_error(resumed({"--guidance", "7"}), 1, "guidance is");
  expect_error(program_({"sample", "--checkpoint", path("tiny.safetensors"), "--classes", "0,1", "--count", "6",
                         "--steps", "300", "--batch", "3", "--out", path("part.npz"), "--resume"}),
               1, "it is of 10 pictures, not 12");
  expect_error(program_({"sample", "--checkpoint", path("tiny.safetensors"), "--classes", "0,2", "--count", "5",
                         "--steps", "300", "--batch", "3", "--out", path("part.npz"), "--resume"}),
               1, "label is 1, not 2");
  EXPECT_GE(lines(), 4);
  const Outcome anew = sample("part.npz", {"--steps", "300", "--overwrite"});
  EXPECT_EQ(anew.code, 0) << anew.err;
  EXPECT_TRUE(anew.complains("begun anew: ")) << anew.err;
  expect_whole();
}

TEST_F(ResumeNpzTest, AnotherCheckpointAndStrangeFilesAreRefused) {
  stop_in_the_middle();
  const std::string journal = path("part.npz.unfinished.jsonl");
  const std::string text = checkpoint::read_whole(journal);
  checkpoint::write_whole(journal, "my notes\n");
  expect_error(resumed(), 1, "it is not what a stopped run leaves");
  checkpoint::write_whole(journal, text + R"({"picture":10,"checksum":1,"differs":{}})" + "\n");
  expect_error(resumed(), 1, "picture 10 is none of the 10");
  fs::remove(journal);
  expect_error(resumed(), 1, "is in the way");
  checkpoint::write_whole(journal, text);
  sample::write_tiny_model(folder_ / "tiny.safetensors", sample::tiny_description(), 2);
  expect_error(resumed(), 1, "checkpoint_hash is");
}

TEST_F(ResumeNpzTest, TwoProcessesDoNotShareAFile) {
  const Arguments slow = arguments("part.npz", {"--steps", "10000", "--resume"});
  program_.start(slow);
  EXPECT_TRUE(comes_true([&] { return lines() >= 1; }));
  const Program other;
  expect_error(other(slow), 1, "another process is writing to");
  program_.signal(SIGKILL);
  program_.wait();
  // What has no whole picture is nothing.
  EXPECT_EQ(sample("part.npz", {"--steps", "2"}).code, 0);
}

}  // namespace
}  // namespace pixnerd::cli
