// What happens around the program: signals, standard streams, and files that change or lie in the way.
#include <sys/resource.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <sstream>
#include <thread>

#include "checkpoint/tensors.h"
#include "image/codec.h"
#include "tests/cli/program.h"
#include "tests/core/waiting.h"
#include "tests/sample/tiny_model.h"

namespace pixnerd::cli {
namespace {

namespace fs = std::filesystem;

using Arguments = std::vector<std::string>;

constexpr const char* kConfig = R"(
model: {hidden_size: 16, num_heads: 2, patch_size: 4, field_width: 4, num_cond_blocks: 1, num_blocks: 2, num_classes: 0}
data: {image_size: 8, shift_pixels: 0}
train: {steps: 100000000, batch_size: 4, precision: float32}
sample: {size: [8, 8], steps: 2}
)";

class ProcessTest : public testing::Test {
 protected:
  ProcessTest() {
    for (const int number : {SIGINT, SIGTERM, SIGHUP}) std::signal(number, SIG_DFL);  // inherited by the program
    sample::write_tiny_model(folder_ / "tiny.safetensors", sample::tiny_description());
  }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  Arguments sampling(const std::string& out, const Arguments& more = {}) const {
    Arguments all{"sample", "--checkpoint", path("tiny.safetensors"), "--classes", "0", "--out", path(out)};
    all.insert(all.end(), {"--threads", "1"});
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }

  // Of a checkpoint that takes a while.
  Arguments converting(const std::string& out) const {
    const fs::path big = folder_ / "big.safetensors";
    constexpr uint64_t kTensors = 40, kTensorBytes = 4'000'000;  // holes, which take no disk
    std::string header = "{";
    for (uint64_t i = 0; i < kTensors; ++i) {
      header += (i > 0 ? ",\"" : "\"") + std::to_string(i) + R"(":{"dtype":"F32","shape":[1000000],"data_offsets":[)" +
                std::to_string(i * kTensorBytes) + "," + std::to_string((i + 1) * kTensorBytes) + "]}";
    }
    checkpoint::write_whole(big, checkpoint::file_with(header + "}"));
    const uint64_t begin = fs::file_size(big);
    fs::resize_file(big, begin + kTensors * kTensorBytes);
    return {"convert", big.string(), path(out), "--dtype", "f64"};
  }

  Arguments training(const std::string& out) const {
    checkpoint::write_whole(folder_ / "tiny.yaml", kConfig);
    for (int i = 0; i < 4; ++i) {
      const fs::path picture = folder_ / "data" / (i % 2 == 0 ? "even" : "odd") / (std::to_string(i) + ".png");
      fs::create_directories(picture.parent_path());
      image::write_png(picture, image::blank(8, 8));
    }
    return {"train", path("tiny.yaml"), "--out", path(out), "--set", "data.path=" + path("data"), "--threads", "1"};
  }

  bool is_training(const std::string& out) const {
    return comes_true([&] {
      std::error_code error;
      const auto bytes = fs::file_size(folder_ / out / "log.jsonl", error);
      return !error && bytes > 200;
    });
  }

  // Through a shell, with redirections; the exit code.
  int shell(const Arguments& arguments, const std::string& redirections) const {
    std::string line = PIXNERD_PROGRAM;
    for (const std::string& each : arguments) line += " '" + each + "'";
    const int status = std::system((line + " " + redirections).c_str());
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  // With a stream that is a pipe of which the other end is closed; the exit code.
  // Its reader goes as soon as `is_time`.
  static int without_reader(int stream, Arguments arguments, const std::function<bool()>& is_time = {}) {
    std::array<int, 2> ends{};
    EXPECT_EQ(pipe2(ends.data(), O_CLOEXEC), 0);
    if (!is_time) close(ends[0]);
    const pid_t child = fork();
    if (child == 0) {
      arguments.insert(arguments.begin(), PIXNERD_PROGRAM);
      std::vector<char*> texts;
      for (std::string& argument : arguments) texts.push_back(argument.data());
      texts.push_back(nullptr);
      const int null = open("/dev/null", O_WRONLY);
      for (const int each : {STDOUT_FILENO, STDERR_FILENO}) dup2(each == stream ? ends[1] : null, each);
      execv(PIXNERD_PROGRAM, texts.data());
      _exit(127);
    }
    close(ends[1]);
    if (is_time) {
      EXPECT_TRUE(comes_true(is_time));
      close(ends[0]);
    }
    int status = 0;
    EXPECT_EQ(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  bool has_partial_files() const {
    for (const auto& entry : fs::recursive_directory_iterator(folder_.path())) {
      if (entry.path().extension() == ".partial") return true;
    }
    return false;
  }

  std::string said() const { return checkpoint::read_whole(folder_ / "err"); }

  TemporaryFolder folder_;
  Program program_;
};

TEST_F(ProcessTest, ClosedStreamsAreNoFiles) {
  EXPECT_EQ(shell(sampling("quiet.npz"), ">" + path("out") + " 2>&-"), 0);
  EXPECT_TRUE(checkpoint::read_whole(folder_ / "quiet.npz").starts_with("PK"));
  EXPECT_EQ(shell(sampling("deaf.npz"), "<&- >&- 2>" + path("err")), 1);  // nobody gets the report
  EXPECT_TRUE(checkpoint::read_whole(folder_ / "deaf.npz").starts_with("PK"));
  EXPECT_NE(said().find("standard output cannot be written"), std::string::npos) << said();
  EXPECT_EQ(shell(sampling("mute.npz"), "<&- >&- 2>&-"), 1);
  EXPECT_EQ(checkpoint::read_whole(folder_ / "mute.npz"), checkpoint::read_whole(folder_ / "quiet.npz"));
}

TEST_F(ProcessTest, WhatCannotBePrintedIsAFailure) {
  const std::vector<Arguments> calls{
      {"--help"}, {"--version"}, {"train", "--help"}, {"info", path("tiny.safetensors")}};
  for (const Arguments& call : calls) {
    EXPECT_EQ(shell(call, ">/dev/full 2>" + path("err")), 1) << call[0];
    EXPECT_EQ(said(), "pixnerd: error: standard output cannot be written\n") << call[0];
    EXPECT_EQ(without_reader(STDOUT_FILENO, call), 1) << call[0];
  }
}

TEST_F(ProcessTest, AnInterruptLeavesNoHalfWrittenFile) {
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    program_.start(converting("long.safetensors"));
    EXPECT_TRUE(comes_true([&] { return has_partial_files(); }));
    program_.signal(number);
    EXPECT_EQ(program_.wait().code, -1);
    EXPECT_FALSE(has_partial_files());
    EXPECT_FALSE(fs::exists(path("long.safetensors")));
  }
}

TEST_F(ProcessTest, WhatAKilledProcessLeftGoesWithTheNextFile) {
  program_.start(converting("long.safetensors"));
  EXPECT_TRUE(comes_true([&] { return has_partial_files(); }));
  program_.signal(SIGKILL);
  program_.wait();
  EXPECT_TRUE(has_partial_files());
  EXPECT_EQ(program_(sampling("next.png")).code, 0);
  EXPECT_FALSE(has_partial_files());
}

TEST_F(ProcessTest, AHangupSavesARunAndIsAnsweredAtOnce) {
  for (const int number : {SIGHUP, SIGINT}) {
    const std::string out = "run" + std::to_string(number);
    program_.start(training(out));
    ASSERT_TRUE(is_training(out));
    program_.signal(number);
    const Outcome outcome = program_.wait();
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_TRUE(outcome.complains("stopping: ") && outcome.complains("; once more ends at once\n")) << outcome.err;
    EXPECT_FALSE(fs::is_empty(folder_ / out / "checkpoints"));
  }
}

TEST_F(ProcessTest, ForProgramsTheAnswerToASignalIsAnEvent) {
  Arguments arguments = training("run");
  arguments.insert(arguments.end(), {"--progress", "json"});
  program_.start(arguments);
  ASSERT_TRUE(is_training("run"));
  program_.signal(SIGTERM);
  const Outcome outcome = program_.wait();
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_TRUE(outcome.complains(R"({"event":"stopping","message":"stopping: )")) << outcome.err;
  std::istringstream lines(outcome.err);
  for (std::string line; std::getline(lines, line);) {
    EXPECT_TRUE(line.starts_with(R"({"event":")") && line.ends_with("}")) << line;
  }
}

TEST_F(ProcessTest, UnderNohupAHangupChangesNothing) {
  std::signal(SIGHUP, SIG_IGN);
  program_.start(training("run"));
  ASSERT_TRUE(is_training("run"));
  program_.signal(SIGHUP);
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  EXPECT_TRUE(fs::is_empty(folder_ / "run/checkpoints"));
  program_.signal(SIGTERM);
  EXPECT_EQ(program_.wait().code, 0);
  EXPECT_FALSE(fs::is_empty(folder_ / "run/checkpoints"));
  std::signal(SIGHUP, SIG_DFL);
}

TEST_F(ProcessTest, ARunWithoutAReaderIsSaved) {
  // The first line of progress comes after some seconds and finds nobody who reads it.
  const auto has_trained = [&] {
    return fs::exists(folder_ / "run/log.jsonl") && fs::file_size(folder_ / "run/log.jsonl") > 0;
  };
  EXPECT_EQ(without_reader(STDERR_FILENO, training("run"), has_trained), 0);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_ / "run/checkpoints"), fs::directory_iterator()), 1);
}

TEST_F(ProcessTest, AFileBeyondTheLimitIsAnError) {
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const rlimit small{2000, before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  const Outcome outcome = program_(sampling("large.npz", {"--count", "30"}));
  setrlimit(RLIMIT_FSIZE, &before);
  EXPECT_EQ(outcome.code, 1) << outcome.err;
  EXPECT_TRUE(outcome.complains("File too large")) << outcome.err;
  EXPECT_FALSE(has_partial_files());
}

TEST_F(ProcessTest, PathsThatLeadNowhereAreNamedInOurWords) {
  training("run");
  fs::create_symlink("b", folder_ / "a");
  fs::create_symlink("a", folder_ / "b");
  checkpoint::write_whole(folder_ / "plain", "");
  const std::string long_name(300, 'n');
  const Arguments model = {"--checkpoint", path("tiny.safetensors"), "--classes", "0"};
  const std::vector<Arguments> calls = {
      {"train", path("a"), "--out", path("run")},
      {"train", path("tiny.yaml"), "--set", "data.path=" + path("data"), "--out", path("plain/run")},
      {"train", path("tiny.yaml"), "--set", "data.path=" + path(long_name), "--out", path("run")},
      {"bench", "--model", long_name},
      {"info", path("a")},
      {"convert", path("tiny.safetensors"), path(long_name + ".safetensors")},
      {"sample", model[0], model[1], model[2], model[3], "--out", path("plain/folder")},
      {"sample", model[0], model[1], model[2], model[3], "--out", path(long_name + ".png")},
      {"data", "inspect", path("a")},
      {"eval", "--pictures", path("a"), "--reference", path("plain")}};
  for (const Arguments& call : calls) {
    const Outcome outcome = program_(call);
    EXPECT_TRUE(outcome.code == 1 || outcome.code == 2) << call[0];
    EXPECT_FALSE(outcome.complains("filesystem error")) << outcome.err;
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
    EXPECT_LT(outcome.err.size(), 400U) << outcome.err;
  }
}

TEST_F(ProcessTest, ACheckpointThatIsCutWhileItIsReadIsAnError) {
  program_.start(converting("out.safetensors"));
  EXPECT_TRUE(comes_true([&] { return has_partial_files(); }));
  fs::resize_file(folder_ / "big.safetensors", 8192);
  const Outcome outcome = program_.wait();
  expect_error(outcome, 1, "big.safetensors': was overwritten or cut while it was read");
  EXPECT_FALSE(fs::exists(path("out.safetensors")));
  EXPECT_FALSE(has_partial_files());
}

}  // namespace
}  // namespace pixnerd::cli
