// Runs that stop and go on.
#include "train/run.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "checkpoint/tensors.h"
#include "core/errors.h"
#include "core/events.h"
#include "core/file.h"
#include "core/log.h"
#include "tests/core/thrown.h"
#include "tests/train/tiny_run.h"

namespace pixnerd::train {
namespace {

namespace fs = std::filesystem;

class ResumedRun : public TinyRun {};

TEST_F(ResumedRun, StoppedAfterAnyStepAndResumedItEndsInTheSameBytes) {
  config_.train.steps = 5;
  config_.train.log_every = 2;
  config_.train.checkpoint_every = 3;
  const fs::path whole = run(config_, folder_ / "whole", {}, progress_).checkpoint;
  for (int64_t step = 1; step <= 4; ++step) {
    const RunSummary part = run(config_, folder_ / "parts", stopping_after(1), progress_);
    EXPECT_EQ(part.step, step);
    EXPECT_TRUE(part.stopped);
  }
  const RunSummary last = run(config_, folder_ / "parts", stopping_after(1), progress_);
  EXPECT_FALSE(last.stopped);
  EXPECT_EQ(read_file(whole, 1 << 24), read_file(last.checkpoint, 1 << 24));
}

TEST_F(ResumedRun, SeveralSizesGoOnWhereTheyWere) {
  config_.train.steps = 8;
  const fs::path alone = run(config_, folder_ / "alone", {}, progress_).checkpoint;
  config_.data.more_sizes = {16, 4};
  config_.data.more_sizes_share = 0.6;
  const fs::path whole = run(config_, folder_ / "whole", {}, progress_).checkpoint;
  for (int64_t step = 1; step <= 7; ++step) run(config_, folder_ / "parts", stopping_after(1), progress_);
  const fs::path last = run(config_, folder_ / "parts", stopping_after(1), progress_).checkpoint;
  EXPECT_EQ(read_file(whole, 1 << 24), read_file(last, 1 << 24));
  const auto with = checkpoint::load_safetensors(whole).tensors, without = checkpoint::load_safetensors(alone).tensors;
  EXPECT_TRUE(std::any_of(with.begin(), with.end(),
                          [&](const auto& each) { return !each.second.equal(without.at(each.first)); }));
  config_.data.more_sizes_share = 0.5;
  EXPECT_NE(thrown<ConfigError>([&] {
              run(config_, folder_ / "parts", resuming(), progress_);
            }).find("data.more_sizes_share is 0.6 in the run and 0.5 now"),
            std::string::npos);
}

TEST_F(ResumedRun, AnAverageThatWarmsUpGoesOnWhereItWas) {
  config_.train.steps = 5;
  const fs::path constant = run(config_, folder_ / "constant", {}, progress_).checkpoint;
  config_.train.ema_warmup = true;
  const fs::path whole = run(config_, folder_ / "whole", {}, progress_).checkpoint;
  for (int64_t step = 1; step <= 4; ++step) run(config_, folder_ / "parts", stopping_after(1), progress_);
  const fs::path last = run(config_, folder_ / "parts", stopping_after(1), progress_).checkpoint;
  EXPECT_EQ(read_file(whole, 1 << 24), read_file(last, 1 << 24));

  // The average is all that differs.
  const auto without = checkpoint::load_safetensors(constant).tensors,
             with = checkpoint::load_safetensors(whole).tensors;
  for (const auto& [name, tensor] : with) {
    EXPECT_EQ(tensor.equal(without.at(name)), !name.starts_with("ema_denoiser.")) << name;
  }
  config_.train.ema_warmup = false;
  EXPECT_NE(thrown<ConfigError>([&] {
              run(config_, folder_ / "parts", resuming(), progress_);
            }).find("train.ema_warmup is true in the run and false now"),
            std::string::npos);
}

// A checkpoint whose configuration knows nothing of it, as earlier versions wrote them.
TEST_F(ResumedRun, ARunFromBeforeThereWereWarmUpsGoesOnAsItBegan) {
  config_.train.steps = 4;
  const fs::path whole = run(config_, folder_ / "whole", {}, progress_).checkpoint;
  config_.train.steps = 2;
  const fs::path half = run(config_, folder_ / "run", {}, progress_).checkpoint;
  checkpoint::Loaded stored = checkpoint::load_safetensors(half);
  std::string& text = stored.metadata.at("pixnerd.run");
  for (const char* key : {"  ema_warmup: false\n", "default_model: null\n"}) {
    ASSERT_NE(text.find(key), std::string::npos) << text;
    text.erase(text.find(key), std::string(key).size());
  }
  checkpoint::NamedTensors tensors;
  for (const auto& [name, tensor] : stored.tensors) tensors.emplace_back(name, tensor.clone());
  checkpoint::save_safetensors(half, tensors, stored.metadata);

  config_.train.steps = 4;
  config_.train.ema_warmup = true;
  const fs::path last = run(config_, folder_ / "run", resuming(), progress_).checkpoint;
  EXPECT_EQ(read_file(whole, 1 << 24), read_file(last, 1 << 24));
}

TEST_F(ResumedRun, AStepThatIsCutShortIsDropped) {
  config_.train.batch_size = 3;
  config_.train.micro_batch_size = 1;
  const fs::path whole = run(config_, folder_ / "whole", {}, progress_).checkpoint;
  RunSummary part = run(config_, folder_ / "parts", stopping_after(5), progress_);  // in the second step's last part
  EXPECT_EQ(part.step, 1);
  EXPECT_TRUE(part.stopped);
  EXPECT_TRUE(fs::exists(folder_ / "parts/checkpoints/step-00000001.safetensors"));
  part = run(config_, folder_ / "parts", stopping_after(2), progress_);  // in the same step, nothing to save
  EXPECT_EQ(part.step, 1);
  EXPECT_EQ(part.steps, 0);
  EXPECT_EQ(part.checkpoint, folder_ / "parts/checkpoints/step-00000001.safetensors");
  const RunSummary last = run(config_, folder_ / "parts", resuming(), progress_);
  EXPECT_EQ(read_file(whole, 1 << 24), read_file(last.checkpoint, 1 << 24));
}

TEST_F(ResumedRun, StoppedBeforeItsFirstStepItLeavesNothing) {
  const RunSummary summary = run(config_, folder_ / "a/b", stopping_after(0), progress_);
  EXPECT_TRUE(summary.stopped);
  EXPECT_TRUE(summary.checkpoint.empty());
  EXPECT_FALSE(fs::exists(folder_ / "a"));
}

TEST_F(ResumedRun, AGridIsLeftOutAsSoonAsARunIsToStop) {
  config_.train.sample_every = 1;
  config_.train.sample_pictures = 2;
  config_.sample.sampler.steps = 1000;
  int64_t asked = 0;
  RunOptions options;
  options.stop = [&] { return ++asked > 10; };
  const RunSummary summary = run(config_, folder_ / "run", options, progress_);
  EXPECT_EQ(summary.step, 1);
  EXPECT_LT(asked, 15);
  EXPECT_FALSE(fs::exists(folder_ / "run/samples/step-00000001.png"));
}

TEST_F(ResumedRun, AValidationIsLeftOutAsSoonAsARunIsToStop) {
  config_.data.held_out = 0.25;
  config_.train.validate_every = 1;
  const RunSummary summary = run(config_, folder_ / "run", stopping_after(4), progress_);
  EXPECT_EQ(summary.step, 1);
  EXPECT_EQ(read_file(folder_ / "run/log.jsonl", 1 << 20).find("validation"), std::string::npos);
}

TEST_F(ResumedRun, ThereMustBeSomethingToResume) {
  RunOptions options;
  options.start = Start::resume;
  const auto refused = [&](const char* part) {
    const std::string message = thrown<NothingToResume>([&] { run(config_, folder_ / "run", options, progress_); });
    EXPECT_NE(message.find(part), std::string::npos) << message;
  };
  refused("no run to resume");
  fs::create_directory(folder_ / "run");
  refused("no run to resume");
  write_file_atomically(folder_ / "run/notes.txt", [](std::ostream& file) { file << "mine"; });
  refused("is not empty");
  options.start = Start::resume_or_anew;
  EXPECT_THROW(run(config_, folder_ / "run", options, progress_), DataError);
}

// As a process leaves it that is killed before its first checkpoint.
TEST_F(ResumedRun, ARunWithoutACheckpointBeginsAnewWhereThatIsAsked) {
  run(config_, folder_ / "run", {}, progress_);
  const std::string whole = read_file(folder_ / "run/checkpoints/step-00000003.safetensors", 1 << 24);
  const std::string log = read_file(folder_ / "run/log.jsonl", 1 << 20);
  for (const auto& entry : fs::directory_iterator(folder_ / "run/checkpoints")) fs::remove(entry);
  EXPECT_THROW(run(config_, folder_ / "run", {}, progress_), DataError);
  RunOptions options;
  options.start = Start::resume;
  EXPECT_THROW(run(config_, folder_ / "run", options, progress_), NothingToResume);
  EXPECT_EQ(read_file(folder_ / "run/log.jsonl", 1 << 20), log);
  config_.train.log_every = 3;
  EXPECT_EQ(run(config_, folder_ / "run", resuming(), progress_).step, 3);

  // Where not even a step was logged there is nothing to lose.
  for (const auto& entry : fs::directory_iterator(folder_ / "run/checkpoints")) fs::remove(entry);
  for (const fs::path& events : event_files(folder_ / "run")) fs::remove(events);
  fs::resize_file(folder_ / "run/log.jsonl", 0);
  EXPECT_EQ(run(config_, folder_ / "run", {}, progress_).step, 3);
}

TEST_F(ResumedRun, ADamagedCheckpointIsSetAsideAndTheOneBeforeTaken) {
  const fs::path last = run(config_, folder_ / "run", {}, progress_).checkpoint;
  const std::string whole = read_file(last, 1 << 24);
  fs::resize_file(last, whole.size() / 2);
  std::string log;
  set_log_sink([&](std::string_view line) { log += line; });
  const RunSummary summary = run(config_, folder_ / "run", resuming(), progress_);
  set_log_sink({});
  EXPECT_EQ(summary.steps, 1);
  EXPECT_EQ(read_file(last, 1 << 24), whole);
  EXPECT_EQ(read_file(last.string() + ".damaged", 1 << 24), whole.substr(0, whole.size() / 2));
  EXPECT_NE(log.find("'step-00000003.safetensors.damaged', and the run goes on from the one before"), std::string::npos)
      << log;

  for (const auto& entry : fs::directory_iterator(folder_ / "run/checkpoints")) fs::resize_file(entry, 100);
  const std::string message = thrown<CheckpointError>([&] { run(config_, folder_ / "run", resuming(), progress_); });
  EXPECT_NE(message.find("no other in its folder is whole"), std::string::npos) << message;
  EXPECT_TRUE(fs::exists(last));
}

TEST_F(ResumedRun, TheSamePicturesMayLieElsewhere) {
  run(config_, folder_ / "run", {}, progress_);
  fs::rename(folder_ / "data", folder_ / "moved");
  config_.data.path = (folder_ / "moved/../moved").string();
  config_.train.steps = 4;
  EXPECT_EQ(run(config_, folder_ / "run", resuming(), progress_).steps, 1);
  fs::remove(folder_ / "moved/dark/a.png");
  config_.train.steps = 5;
  EXPECT_THROW(run(config_, folder_ / "run", resuming(), progress_), DataError);
}

// The rate of each step is that of the whole schedule, however often the run is taken up.
TEST_F(ResumedRun, AScheduleKeepsItsLength) {
  config_.train.final_learning_rate = 1e-6;
  config_.train.learning_rate = 1e-3;
  config_.train.steps = 4;
  config_.train.log_every = 1;
  run(config_, folder_ / "run", {}, progress_);
  config_.train.steps = 6;
  const std::string message = thrown<ConfigError>([&] { run(config_, folder_ / "run", resuming(), progress_); });
  EXPECT_NE(message.find("train.schedule_steps 4"), std::string::npos) << message;
  EXPECT_NE(message.find("train.schedule_steps=6"), std::string::npos) << message;
  config_.train.schedule_steps = 6;
  std::string log;
  set_log_sink([&](std::string_view line) { log += line; });
  EXPECT_EQ(run(config_, folder_ / "run", resuming(), progress_).step, 6);
  set_log_sink({});
  EXPECT_NE(log.find("train.schedule_steps is 6 and was 4"), std::string::npos) << log;
  config_.train.schedule_steps.reset();
  config_.train.steps = 5;
  EXPECT_EQ(run(config_, folder_ / "shorter", {}, progress_).step, 5);
  RunConfig written;
  config::read(config::load(folder_ / "run/config.yaml"), written);
  EXPECT_EQ(written.train.schedule_steps, 6);
}

}  // namespace
}  // namespace pixnerd::train
