#include "train/run.h"

#include <ATen/ops/allclose.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "core/errors.h"
#include "core/file.h"
#include "core/text.h"
#include "image/codec.h"
#include "sample/model_file.h"
#include "tests/core/temporary_folder.h"
#include "tests/data/tars.h"
#include "tests/models/tiny.h"

namespace pixnerd::train {
namespace {

namespace fs = std::filesystem;

class Silent : public Progress {
 public:
  void update(int64_t done, int64_t total, std::string_view) override {
    done_ = done;
    total_ = total;
  }
  int64_t done_ = 0, total_ = 0;
};

// A folder with two classes of flat 8 x 8 pictures, removed in the end.
class Run : public testing::Test {
 protected:
  Run() {
    for (const auto& [name, grey] : {std::pair{"dark", 40}, {"light", 220}}) {
      fs::create_directories(folder_ / "data" / name);
      const image::Image picture{8, 8, std::vector<uint8_t>(8 * 8 * 3, static_cast<uint8_t>(grey))};
      for (const char* file : {"a.png", "b.png"}) image::write_png(folder_ / "data" / name / file, picture);
    }
    config_.model = models::tiny_config();
    config_.model.num_classes = 0;
    config_.data.path = (folder_ / "data").string();
    config_.data.image_size = 8;
    config_.sample.size = {8, 8};
    config_.train.steps = 3;
    config_.train.batch_size = 2;
    config_.train.checkpoint_every = 2;
    config_.train.precision = models::Precision::float32;
  }

  TemporaryFolder folder_;
  RunConfig config_;
  Silent progress_;
};

TEST_F(Run, WritesItsConfigurationAndCheckpointsThatCanBeSampledFrom) {
  const RunSummary summary = run(config_, folder_ / "run", {}, progress_);
  EXPECT_EQ(progress_.done_, 3);
  EXPECT_EQ(progress_.total_, 3);
  EXPECT_TRUE(fs::exists(folder_ / "run/checkpoints/step-00000002.safetensors"));
  EXPECT_EQ(summary.checkpoint, folder_ / "run/checkpoints/step-00000003.safetensors");

  const sample::ModelFile model = sample::load_model(summary.checkpoint);
  EXPECT_EQ(model.description.classes, (std::vector<std::string>{"dark", "light"}));
  EXPECT_EQ(model.step, 3);
  EXPECT_EQ(model.weights, "ema_denoiser");

  RunConfig written;
  config::read(config::load(folder_ / "run/config.yaml"), written);
  EXPECT_EQ(written.model.num_classes, 2);
}

TEST_F(Run, EqualSeedsGiveEqualFilesAndOthersDoNot) {
  const auto bytes = [&](const char* name) {
    return read_file(run(config_, folder_ / name, {}, progress_).checkpoint, 1 << 24);
  };
  const std::string first = bytes("first");
  EXPECT_EQ(first, bytes("second"));
  config_.train.seed = 1;
  EXPECT_NE(first, bytes("third"));
}

TEST_F(Run, RefusesAFolderThatIsNotEmpty) {
  fs::create_directories(folder_ / "run/precious");
  EXPECT_THROW(run(config_, folder_ / "run", {}, progress_), DataError);
  EXPECT_TRUE(fs::exists(folder_ / "run/precious"));
}

TEST_F(Run, RefusesAClassCountThatIsNotTheDatas) {
  config_.model.num_classes = 7;
  try {
    run(config_, folder_ / "run", {}, progress_);
    FAIL() << "accepted 7 classes for 2 folders";
  } catch (const ConfigError& error) {
    EXPECT_NE(std::string(error.what()).find("num_classes to 2"), std::string::npos) << error.what();
  }
  EXPECT_FALSE(fs::exists(folder_ / "run"));
}

TEST_F(Run, SkipsBrokenPicturesAndCountsThem) {
  write_file_atomically(folder_ / "data/dark/a.png", [](std::ostream& file) { file << "no picture"; });
  EXPECT_EQ(run(config_, folder_ / "run", {}, progress_).broken_pictures, 1);
}

RunOptions resuming() {
  RunOptions options;
  options.resume = true;
  return options;
}

TEST_F(Run, StoppedAfterAnyStepAndResumedItEndsInTheSameBytes) {
  config_.train.steps = 5;
  config_.train.log_every = 2;
  config_.train.checkpoint_every = 3;
  const fs::path whole = run(config_, folder_ / "whole", {}, progress_).checkpoint;
  RunOptions stopping = resuming();
  stopping.stop = [] { return true; };
  for (int64_t step = 1; step <= 4; ++step) {
    const RunSummary part = run(config_, folder_ / "parts", stopping, progress_);
    EXPECT_EQ(part.step, step);
    EXPECT_TRUE(part.stopped);
  }
  const RunSummary last = run(config_, folder_ / "parts", stopping, progress_);
  EXPECT_FALSE(last.stopped);
  EXPECT_EQ(read_file(whole, 1 << 24), read_file(last.checkpoint, 1 << 24));
}

TEST_F(Run, KeepsTheLastCheckpointsOnly) {
  config_.train.steps = 6;
  config_.train.checkpoint_every = 1;
  config_.train.keep_checkpoints = 2;
  run(config_, folder_ / "run", {}, progress_);
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder_ / "run/checkpoints"))
    names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  EXPECT_EQ(names, (std::vector<std::string>{"step-00000005.safetensors", "step-00000006.safetensors"}));
}

// Shards of a part of a set may hold fewer labels than there are classes; names must be all there.
TEST_F(Run, LabelsWithoutNamesMayBeFewerThanTheClasses) {
  std::string shard;
  for (const char* label : {"0", "3"}) {
    shard += data::tar_entry(concat(label, ".png"), data::png_bytes(image::blank(8, 8)));
    shard += data::tar_entry(concat(label, ".cls"), label);
  }
  data::write_text(folder_ / "shards/0.tar", shard + data::kTarEnd);
  config_.data.path = (folder_ / "shards").string();
  EXPECT_EQ(sample::load_model(run(config_, folder_ / "four", {}, progress_).checkpoint).description.model.num_classes,
            4);
  config_.model.num_classes = 10;
  EXPECT_EQ(sample::load_model(run(config_, folder_ / "ten", {}, progress_).checkpoint).description.model.num_classes,
            10);
  config_.model.num_classes = 3;
  EXPECT_THROW(run(config_, folder_ / "three", {}, progress_), ConfigError);
}

TEST_F(Run, StylesBecomeASecondLabelWithNames) {
  config_.data.styles = true;
  const sample::ModelFile model = sample::load_model(run(config_, folder_ / "run", {}, progress_).checkpoint);
  EXPECT_EQ(model.description.styles, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(model.description.model.num_styles, 2);
}

TEST_F(Run, BeginsWithTheWeightsOfAFile) {
  const fs::path first = run(config_, folder_ / "first", {}, progress_).checkpoint;
  RunOptions options;
  options.init = first;
  config_.train.seed = 9;
  config_.train.learning_rate = 1e-30;
  const fs::path second = run(config_, folder_ / "second", options, progress_).checkpoint;
  const auto before = sample::load_weights(first, sample::Weights::ema).tensors;
  for (const auto& [name, tensor] : sample::load_weights(second, sample::Weights::trained).tensors) {
    EXPECT_TRUE(at::allclose(tensor, before.at(name), 0, 1e-20)) << name;
  }
}

TEST_F(Run, AHeldOutPictureIsNotTrainedOnButValidated) {
  config_.data.held_out = 0.25;
  config_.train.validate_every = 1;
  run(config_, folder_ / "run", {}, progress_);
  const std::string log = read_file(folder_ / "run/log.jsonl", 1 << 20);
  EXPECT_NE(log.find("validation_loss_by_time"), std::string::npos) << log;
}

TEST_F(Run, ABrokenPictureIsSkippedInValidationToo) {
  config_.data.held_out = 0.5;
  config_.train.validate_every = 1;
  for (const char* name : {"dark/a.png", "dark/b.png", "light/a.png"}) {
    write_file_atomically(folder_ / "data" / name, [](std::ostream& file) { file << "no picture"; });
  }
  EXPECT_EQ(run(config_, folder_ / "run", {}, progress_).broken_pictures, 3);
}

}  // namespace
}  // namespace pixnerd::train
