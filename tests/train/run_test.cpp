#include "train/run.h"

#include <ATen/ops/allclose.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <new>

#include "core/errors.h"
#include "core/file.h"
#include "core/log.h"
#include "core/text.h"
#include "image/codec.h"
#include "sample/model_file.h"
#include "tests/core/thrown.h"
#include "tests/data/tars.h"
#include "tests/models/qwen3_folder.h"
#include "tests/train/tiny_run.h"

namespace pixnerd::train {
namespace {

namespace fs = std::filesystem;

class Run : public TinyRun {};

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

TEST_F(Run, SizesThatTheNetworkCannotDrawAreRefused) {
  config_.data.more_sizes = {16, 18};
  const std::string message = thrown<ConfigError>([&] { run(config_, folder_ / "run", {}, progress_); });
  EXPECT_NE(message.find("data.more_sizes: an image of 18x18"), std::string::npos) << message;
  EXPECT_FALSE(fs::exists(folder_ / "run"));
}

TEST_F(Run, AHeavyDecoderTrainsOnSeveralSizesOfOneGrid) {
  std::ofstream(folder_ / "data.tar", std::ios::binary)
      << data::tar_entry("a.png", data::png_bytes(image::blank(16, 16)))
      << data::tar_entry("a.json", R"({"caption": "a"})") << data::kTarEnd;
  models::write_qwen3_folder(folder_ / "encoder");
  config_.model = models::tiny_text_config(models::ModelType::t2i_heavy);
  config_.model.txt_embed_dim = 16;
  config_.text.encoder = (folder_ / "encoder").string();
  config_.data.path = (folder_ / "data.tar").string();
  config_.data.more_sizes = {16, 6};
  config_.data.more_sizes_share = 0.8;
  config_.train.steps = 6;
  EXPECT_EQ(run(config_, folder_ / "run", {}, progress_).step, 6);
}

TEST_F(Run, GridsAreShownAsTheyAreWritten) {
  config_.train.sample_every = 2;
  config_.train.sample_pictures = 2;
  config_.sample.sampler.steps = 2;
  std::vector<int64_t> steps;
  RunOptions options;
  options.show_grid = [&](int64_t step, const fs::path& file, const image::Image& grid) {
    steps.push_back(step);
    EXPECT_EQ(image::read_image(file).rgb, grid.rgb);
  };
  run(config_, folder_ / "run", options, progress_);
  EXPECT_EQ(steps, (std::vector<int64_t>{2, 3}));
}

TEST_F(Run, AStartThatFailsLeavesNothing) {
  const auto fails = [&](const char* part) {
    const std::string message = thrown<Error>([&] { run(config_, folder_ / "a/run", {}, progress_); });
    EXPECT_NE(message.find(part), std::string::npos) << message;
    EXPECT_FALSE(fs::exists(folder_ / "a"));
  };
  RunConfig right = config_;
  config_.data.image_size = 9;
  fails("data.image_size");
  config_ = right;
  config_.model.in_channels = 4;
  fails("model.in_channels");
  config_ = right;
  config_.train.sample_every = 1;
  config_.sample.size = {9, 8};
  fails("sample.size");
  config_ = right;
  config_.train.batch_size = int64_t{1} << 40;
  fails("train.batch_size");
  config_ = right;
  fs::create_directory(folder_ / "data/caf\xe9");
  fs::copy_file(folder_ / "data/dark/a.png", folder_ / "data/caf\xe9/a.png");
  fails("UTF-8");
  fs::remove_all(folder_ / "data/caf\xe9");
  RunOptions options;
  options.init = folder_ / "none.safetensors";  // read after the folder was made
  EXPECT_THROW(run(config_, folder_ / "a/run", options, progress_), DataError);
  EXPECT_FALSE(fs::exists(folder_ / "a"));
  fs::create_directory(folder_ / "empty");
  EXPECT_THROW(run(config_, folder_ / "empty", options, progress_), DataError);
  EXPECT_TRUE(fs::is_empty(folder_ / "empty"));
  EXPECT_EQ(run(config_, folder_ / "empty", {}, progress_).step, 3);
}

TEST_F(Run, ParametersThatAreNotFiniteAreNotStored) {
  config_.train.steps = 3;
  config_.train.checkpoint_every = 1;
  run(config_, folder_ / "run", {}, progress_);
  // The last step itself leads to infinity: its loss is finite.
  const fs::path start = folder_ / "run/checkpoints/step-00000003.safetensors";
  RunOptions options;
  options.init = start;
  config_.train.learning_rate = 1e39;
  config_.train.steps = 1;
  const std::string message = thrown<DataError>([&] { run(config_, folder_ / "far", options, progress_); });
  EXPECT_NE(message.find("is not finite after step 1"), std::string::npos) << message;
  EXPECT_TRUE(fs::is_empty(folder_ / "far/checkpoints"));
}

TEST_F(Run, MemoryThatEndsInAStepIsSaidAndTheLastWholeStepKept) {
  config_.train.steps = 5;
  config_.train.checkpoint_every = 5;
  RunOptions options = resuming();
  int64_t asked = 0;
  options.stop = [&]() -> bool {
    if (++asked == 3) throw std::bad_alloc();  // in the third step
    return false;
  };
  const std::string message = thrown<DataError>([&] { run(config_, folder_ / "run", options, progress_); });
  EXPECT_NE(message.find("memory ended in step 3"), std::string::npos) << message;
  EXPECT_NE(message.find("train.micro_batch_size"), std::string::npos) << message;
  EXPECT_NE(message.find("step-00000002.safetensors"), std::string::npos) << message;
  const fs::path parts = run(config_, folder_ / "run", resuming(), progress_).checkpoint;
  EXPECT_EQ(read_file(run(config_, folder_ / "whole", {}, progress_).checkpoint, 1 << 24), read_file(parts, 1 << 24));
}

TEST_F(Run, AnErrorOnTheWaySavesTheLastWholeStep) {
  struct Failing : public Progress {
    void update(int64_t done, int64_t, std::string_view) override {
      if (done == 1) throw DataError("the pictures are gone");
    }
  };
  config_.train.checkpoint_every = 100;
  Failing failing;
  EXPECT_EQ(thrown<DataError>([&] { run(config_, folder_ / "run", {}, failing); }), "the pictures are gone");
  EXPECT_TRUE(fs::exists(folder_ / "run/checkpoints/step-00000001.safetensors"));
  RunOptions options;
  options.start = Start::resume;
  const RunSummary summary = run(config_, folder_ / "run", options, progress_);
  const RunSummary whole = run(config_, folder_ / "whole", {}, progress_);
  EXPECT_EQ(read_file(summary.checkpoint, 1 << 24), read_file(whole.checkpoint, 1 << 24));
}

TEST_F(Run, DoesNotLieInItsOwnDataSet) {
  const std::string message = thrown<DataError>([&] { run(config_, folder_ / "data/dark/run", {}, progress_); });
  EXPECT_NE(message.find("lies in the data set"), std::string::npos) << message;
  EXPECT_FALSE(fs::exists(folder_ / "data/dark/run"));
}

TEST_F(Run, WhatIsNoFileIsNoCheckpoint) {
  run(config_, folder_ / "run", {}, progress_);
  fs::create_symlink("nowhere", folder_ / "run/checkpoints/step-00000008.safetensors");
  fs::create_directory(folder_ / "run/checkpoints/step-00000009.safetensors");
  config_.train.steps = 4;
  RunOptions options;
  options.start = Start::resume;
  EXPECT_EQ(run(config_, folder_ / "run", options, progress_).step, 4);
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

TEST_F(Run, OnePictureIsNotPictures) {
  fs::remove_all(folder_ / "data/light");
  fs::remove(folder_ / "data/dark/b.png");
  std::string log;
  set_log_sink([&](std::string_view line) { log += line; });
  run(config_, folder_ / "run", {}, progress_);
  set_log_sink({});
  EXPECT_NE(log.find("training on 1 picture of 1 class"), std::string::npos) << log;
}

TEST_F(Run, AHeldOutPictureIsNotTrainedOnButValidated) {
  config_.data.held_out = 0.25;
  config_.train.validate_every = 1;
  run(config_, folder_ / "run", {}, progress_);
  const std::string log = read_file(folder_ / "run/log.jsonl", 1 << 20);
  EXPECT_NE(log.find("validation_loss_by_time"), std::string::npos) << log;
  EXPECT_EQ(log.find("validation_loss_16"), std::string::npos) << log;
  config_.data.more_sizes = {16};
  run(config_, folder_ / "sizes", {}, progress_);
  const std::string more = read_file(folder_ / "sizes/log.jsonl", 1 << 20);
  EXPECT_NE(more.find("\"validation_loss_16\":"), std::string::npos) << more;
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
