// What `train` promises to people who leave it alone for days: whatever happens to the process, nothing is lost.
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <optional>
#include <regex>
#include <thread>

#include "checkpoint/tensors.h"
#include "image/codec.h"
#include "tests/cli/program.h"
#include "tests/core/full_disk.h"
#include "tests/core/waiting.h"

namespace pixnerd::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* kConfig = R"(
model: {hidden_size: 16, num_heads: 2, patch_size: 4, field_width: 4, num_cond_blocks: 1, num_blocks: 2, num_classes: 0}
data: {image_size: 8, shift_pixels: 1, held_out: 0.2, cache_megabytes: 1}
train: {steps: 400, batch_size: 4, precision: float32, checkpoint_every: 7, keep_checkpoints: 3, log_every: 3,
        validate_every: 20, sample_every: 50, sample_pictures: 2}
sample: {size: [8, 8], steps: 2}
)";

class Train : public testing::Test {
 protected:
  Train() {
    for (const int number : {SIGINT, SIGTERM}) std::signal(number, SIG_DFL);  // inherited by the program
    checkpoint::write_whole(folder_ / "tiny.yaml", kConfig);
    for (int i = 0; i < 20; ++i) {
      image::Image picture = image::blank(8, 8);
      for (size_t k = 0; k < picture.rgb.size(); ++k) picture.rgb[k] = static_cast<uint8_t>(i * 37 + k * i);
      const fs::path file =
          folder_ / ("data/" + std::string(i % 2 == 0 ? "even/" : "odd/") + std::to_string(i) + ".png");
      fs::create_directories(file.parent_path());
      image::write_png(file, picture);
    }
  }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  std::vector<std::string> arguments(const std::string& out, const std::vector<std::string>& more = {}) const {
    std::vector<std::string> all{"train", path("tiny.yaml"),           "--out",     path(out),
                                 "--set", "data.path=" + path("data"), "--threads", "1"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }

  std::string checkpoint_of(const std::string& run, int64_t step) const {
    char name[64];
    std::snprintf(name, sizeof name, "/checkpoints/step-%08d.safetensors", static_cast<int>(step));
    return path(run + name);
  }

  std::string last_checkpoint(const std::string& run) const { return checkpoint_of(run, 400); }

  // log.jsonl without what the clock and the machine decide.
  std::string log_of(const std::string& run) const {
    static const std::regex kVaries("\"(images_per_second|memory_bytes)\":[^,}]*");
    return std::regex_replace(checkpoint::read_whole(folder_ / (run + "/log.jsonl")), kVaries, "");
  }

  static void sleep_milliseconds(int64_t duration) { std::this_thread::sleep_for(std::chrono::milliseconds(duration)); }

  // Until the run has written a checkpoint of its own.
  void wait_for_checkpoint(const std::string& run) const {
    const std::filesystem::path checkpoints = folder_ / (run + "/checkpoints");
    EXPECT_TRUE(comes_true([&] { return fs::exists(checkpoints) && !fs::is_empty(checkpoints); }));
  }

  TemporaryFolder folder_;
  Program program_;
};

TEST_F(Train, KilledAtAnyMomentAndResumedItEndsInTheSameBytes) {
  const Outcome whole = program_(arguments("whole"));
  ASSERT_EQ(whole.code, 0) << whole.err;

  int kills = 0;
  const auto resume = arguments("killed", {"--resume", "--or-new"});
  for (const int64_t delay : {5, 150, 330, 420, 510, 610, 740, 860, 990, 1130}) {
    program_.start(resume);
    sleep_milliseconds(delay);
    program_.signal(SIGKILL);
    kills += program_.wait().code == -1 ? 1 : 0;
  }
  EXPECT_GE(kills, 3) << "the machine is too fast for this test: give it more steps";
  const Outcome last = program_(resume);
  ASSERT_EQ(last.code, 0) << last.err;

  EXPECT_TRUE(checkpoint::read_whole(last_checkpoint("whole")) == checkpoint::read_whole(last_checkpoint("killed")));
  EXPECT_EQ(log_of("whole"), log_of("killed"));
  for (const char* name : {"config.yaml", "samples/step-00000050.png", "samples/step-00000400.png"}) {
    EXPECT_TRUE(checkpoint::read_whole(folder_ / "whole" / name) == checkpoint::read_whole(folder_ / "killed" / name))
        << name;
  }
  // Three are kept, and nothing half-written stays.
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_ / "killed/checkpoints"), fs::directory_iterator{}), 3);
}

TEST_F(Train, SignalsWriteACheckpointAndLeaveCleanly) {
  for (const int signal : {SIGTERM, SIGINT}) {
    const std::string run = "run" + std::to_string(signal);
    const std::vector<std::string> more{"--set", "train.steps=1000000", "--set", "train.checkpoint_every=25"};
    program_.start(arguments(run, more));
    wait_for_checkpoint(run);
    program_.signal(signal);
    const Outcome outcome = program_.wait();
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_TRUE(outcome.says("--resume")) << outcome.out;
    std::smatch found;
    ASSERT_TRUE(std::regex_search(outcome.out, found, std::regex("at step (\\d+)"))) << outcome.out;
    EXPECT_TRUE(fs::exists(checkpoint_of(run, std::stoll(found[1])))) << outcome.out;
  }
}

TEST_F(Train, WatchedItSaysWhereItsPicturesAre) {
  const Outcome outcome =
      program_(arguments("run", {"--set", "train.steps=4", "--set", "train.sample_every=2", "--watch"}));
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  for (const char* step : {"2", "4"}) {
    const std::string line = std::string("step ") + step + ": pictures in '";
    EXPECT_NE(outcome.err.find(line), std::string::npos) << outcome.err;
  }
  EXPECT_EQ(outcome.err.find('\x1b'), std::string::npos) << outcome.err;  // it is no terminal
}

TEST_F(Train, AFinishedRunSaysSoAndMayBeMadeLonger) {
  const auto steps = [](int64_t count) { return "train.steps=" + std::to_string(count); };
  ASSERT_EQ(program_(arguments("run", {"--set", steps(20)})).code, 0);
  const Outcome again = program_(arguments("run", {"--set", steps(20), "--resume"}));
  EXPECT_EQ(again.code, 0) << again.err;
  EXPECT_TRUE(again.says("complete")) << again.out;
  const Outcome longer = program_(arguments("run", {"--set", steps(30), "--set", "train.log_every=5", "--resume"}));
  EXPECT_EQ(longer.code, 0) << longer.err;
  EXPECT_TRUE(fs::exists(checkpoint_of("run", 30)));
}

TEST_F(Train, ResumingRefusesEveryOtherDifferenceByItsKey) {
  ASSERT_EQ(program_(arguments("run", {"--set", "train.steps=10"})).code, 0);
  const std::string before = checkpoint::read_whole(checkpoint_of("run", 10));
  for (const char* setting :
       {"train.learning_rate=0.5", "train.batch_size=8", "model.field_width=8", "data.shift_pixels=0"}) {
    const Outcome outcome = program_(arguments("run", {"--resume", "--set", setting}));
    expect_error(outcome, 1, std::string(setting).substr(0, std::string(setting).find('=')));
  }
  EXPECT_TRUE(before == checkpoint::read_whole(checkpoint_of("run", 10)));
  fs::remove(folder_ / "data/odd/1.png");
  expect_error(program_(arguments("run", {"--resume"})), 1, "are not those that the run");
}

TEST_F(Train, ResumesOnlyWhatIsARun) {
  fs::create_directories(folder_ / "other");
  checkpoint::write_whole(folder_ / "other/notes.txt", "mine");
  fs::create_directories(folder_ / "empty");
  const std::vector<std::string> two_steps{"--set", "train.steps=2"};
  const auto with = [&](std::vector<std::string> more) {
    more.insert(more.end(), two_steps.begin(), two_steps.end());
    return more;
  };
  for (const char* name : {"other", "empty", "missing"}) {
    expect_error(program_(arguments(name, with({"--resume"}))), 2, "no run to resume");
  }
  EXPECT_FALSE(fs::exists(folder_ / "missing"));
  expect_error(program_(arguments("other", with({"--resume", "--or-new"}))), 1, "holds no run");
  expect_error(program_(arguments("empty", with({"--or-new"}))), 2, "--resume");
  EXPECT_EQ(program_(arguments("empty", with({"--resume", "--or-new"}))).code, 0);
  expect_error(program_(arguments("empty", two_steps)), 1, "--resume goes on");
}

TEST_F(Train, AMistakeLeavesNoFolderInTheWay) {
  expect_error(program_(arguments("run", {"--set", "data.image_size=9"})), 1, "data.image_size");
  expect_error(program_(arguments("run", {"--set", "train.batch_size=1000000000"})), 1, "train.batch_size");
  EXPECT_EQ(program_(arguments("run", {"--set", "train.steps=2"})).code, 0);
}

TEST_F(Train, ADamagedCheckpointIsNamedAndNothingIsLost) {
  ASSERT_EQ(program_(arguments("run", {"--set", "train.steps=14"})).code, 0);
  const std::string last = checkpoint_of("run", 14), whole = checkpoint::read_whole(last);
  fs::resize_file(last, 5000);
  const Outcome outcome = program_(arguments("run", {"--resume", "--set", "train.steps=14"}));
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_TRUE(outcome.complains(last)) << outcome.err;
  EXPECT_TRUE(outcome.complains("step-00000014.safetensors.damaged")) << outcome.err;
  EXPECT_TRUE(checkpoint::read_whole(last) == whole);
  EXPECT_EQ(fs::file_size(last + ".damaged"), 5000u);
}

// A limit on the size of files stands for a full disk: writing beyond it fails with EFBIG where a disk says ENOSPC.
TEST_F(Train, AFullDiskIsAnErrorThatKeepsTheLastGoodFile) {
  ASSERT_EQ(program_(arguments("run", {"--set", "train.steps=7"})).code, 0);
  const std::string good = checkpoint::read_whole(checkpoint_of("run", 7));
  std::optional<FullDisk> full(std::in_place, 20'000);
  const Outcome outcome = program_(arguments("run", {"--resume"}));
  full.reset();
  EXPECT_EQ(outcome.code, 1) << outcome.err;
  EXPECT_TRUE(outcome.complains("step-00000014.safetensors")) << outcome.err;
  EXPECT_TRUE(good == checkpoint::read_whole(checkpoint_of("run", 7)));
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_ / "run/checkpoints"), fs::directory_iterator{}), 1);
  EXPECT_EQ(program_(arguments("run", {"--resume", "--set", "train.steps=14"})).code, 0);
}

TEST_F(Train, ALossThatIsNoNumberNamesTheStepAndTheLastGoodCheckpoint) {
  const Outcome outcome =
      program_(arguments("run", {"--set", "train.learning_rate=1e35", "--set", "train.checkpoint_every=1"}));
  EXPECT_EQ(outcome.code, 1);
  EXPECT_TRUE(outcome.complains("of step ")) << outcome.err;
  EXPECT_TRUE(outcome.complains("the last good checkpoint is")) << outcome.err;
}

TEST_F(Train, InitTakesWeightsAndTheRowsOfClassesByTheirNames) {
  ASSERT_EQ(program_(arguments("first", {"--set", "train.steps=5"})).code, 0);
  fs::create_directories(folder_ / "data/third");
  fs::copy_file(folder_ / "data/odd/1.png", folder_ / "data/third/1.png");
  const Outcome outcome =
      program_(arguments("second", {"--set", "train.steps=5", "--init", checkpoint_of("first", 5)}));
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_TRUE(outcome.complains("2 of 3 classes take the rows of their namesakes in the file; made anew: third (2)"))
      << outcome.err;
  const Outcome wrong =
      program_(arguments("third", {"--set", "model.hidden_size=32", "--init", checkpoint_of("first", 5)}));
  expect_error(wrong, 1, "the config needs");
}

TEST_F(Train, ResumeFromGoesOnWithTheTrainingOfAnotherRun) {
  ASSERT_EQ(program_(arguments("first", {"--set", "train.steps=5"})).code, 0);
  const Outcome second = program_(arguments("second", {"--set", "train.steps=9", "--resume-from", path("first")}));
  EXPECT_EQ(second.code, 0) << second.err;
  EXPECT_TRUE(second.complains("going on from step 5 of ")) << second.err;
  ASSERT_EQ(program_(arguments("whole", {"--set", "train.steps=9"})).code, 0);
  const auto whole = checkpoint::load_safetensors(checkpoint_of("whole", 9));
  const auto cut = checkpoint::load_safetensors(checkpoint_of("second", 9));
  ASSERT_EQ(cut.tensors.size(), whole.tensors.size());
  for (const auto& [name, tensor] : whole.tensors) EXPECT_TRUE(cut.tensors.at(name).equal(tensor)) << name;
  expect_error(program_(arguments("third", {"--set", "train.steps=5", "--resume-from", path("first")})), 1,
               "is of step 5, and train.steps is 5");
}

TEST_F(Train, TwoProcessesDoNotTrainInOneFolder) {
  program_.start(arguments("run", {"--set", "train.steps=1000000"}));
  wait_for_checkpoint("run");
  const Program other;
  expect_error(other(arguments("run", {"--resume"})), 1, "another training is at work");
  program_.signal(SIGKILL);
  program_.wait();
}

}  // namespace
}  // namespace pixnerd::cli
