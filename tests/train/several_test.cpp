// Runs of several processes, as threads of the test.
#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/allclose.h>
#include <gtest/gtest.h>

#include <cmath>

#include "checkpoint/tensors.h"
#include "config/json.h"
#include "core/errors.h"
#include "core/file.h"
#include "core/text.h"
#include "tests/core/thrown.h"
#include "tests/dist/several.h"
#include "tests/models/dinov2_weights.h"
#include "tests/models/efficientnet_weights.h"
#include "tests/train/tiny_run.h"

namespace pixnerd::train {
namespace {

class SeveralProcesses : public TinyRun {
 protected:
  SeveralProcesses() {
    config_.train.steps = 8;
    config_.train.batch_size = 12;
    config_.train.log_every = 1;
    config_.train.learning_rate = 1e-3;
    config_.train.checkpoint_every = 4;
    config_.train.gradient_clip_norm = 1.0;
    config_.flow.early_share = 0.3;
    config_.data.workers = 1;
  }

  // Trains in `name` with so many ranks; the checkpoint.
  fs::path train(const std::string& name, int64_t ranks, const RunOptions& given = {}) {
    RunSummary of_first;
    const auto work = [&](std::shared_ptr<dist::Group> group) {
      RunOptions options = given;
      options.group = std::move(group);
      Silent progress;
      const RunSummary summary = run(config_, folder_ / name, options, progress);
      if (options.group->is_first()) of_first = summary;
    };
    if (ranks == 1) {
      work(dist::Group::alone());
    } else {
      dist::in_ranks(ranks, work);
    }
    return of_first.checkpoint;
  }

  std::vector<double> losses(const std::string& name) const {
    std::vector<double> found;
    std::istringstream lines(read_file(folder_ / name / "log.jsonl", 1 << 20));
    for (std::string line; std::getline(lines, line);) {
      const config::Value entry = config::parse_json(line, name);
      if (const config::Value* loss = entry.find("loss")) found.push_back(std::stod(loss->scalar));
    }
    return found;
  }

  void expect_same_losses(const std::string& name, const std::string& other) const {
    const std::vector<double> found = losses(name), expected = losses(other);
    ASSERT_EQ(found.size(), expected.size());
    ASSERT_FALSE(found.empty());
    for (size_t i = 0; i < found.size(); ++i)
      EXPECT_NEAR(found[i], expected[i], 1e-5 * expected[i]) << "step " << i + 1;
  }

  static std::string bytes(const fs::path& path) { return read_file(path, 1 << 26); }

  // A run that is stopped after 5 of 8 steps and goes on ends in the bytes of one that is not, and logs these losses.
  void expect_resumed_alike(std::initializer_list<const char*> keys) {
    const std::string whole = bytes(train("whole", 1));
    config_.train.steps = 5;
    train("parts", 1);
    config_.train.steps = 8;
    EXPECT_EQ(bytes(train("parts", 1, resuming())), whole);
    const std::string log = bytes(folder_ / "parts/log.jsonl");
    for (const char* key : keys) EXPECT_NE(log.find(concat("\"", key, "\"")), std::string::npos) << key;
  }
};

TEST_F(SeveralProcesses, HaveTheLossesOfOne) {
  train("one", 1);
  for (const int64_t ranks : {2, 3, 4}) {
    train(std::to_string(ranks), ranks);
    expect_same_losses(std::to_string(ranks), "one");
  }
}

TEST_F(SeveralProcesses, WithMicroBatchesToo) {
  train("one", 1);
  config_.train.micro_batch_size = 2;
  train("two", 2);
  expect_same_losses("two", "one");
}

TEST_F(SeveralProcesses, WithSeveralSizesToo) {
  config_.data.more_sizes = {16};
  config_.data.more_sizes_share = 0.5;
  train("one", 1);
  for (const int64_t ranks : {2, 3}) {
    train(std::to_string(ranks), ranks);
    expect_same_losses(std::to_string(ranks), "one");
  }
}

TEST_F(SeveralProcesses, EndInTheSameBytesEachTimeAndResumed) {
  config_.train.validate_every = 4;
  config_.data.held_out = 0.25;
  const std::string whole = bytes(train("whole", 3));
  config_.train.steps = 4;
  train("parts", 3);
  config_.train.steps = 8;
  EXPECT_EQ(bytes(train("parts", 3, resuming())), whole);
}

TEST_F(SeveralProcesses, ACheckpointOfAnyNumberGoesOnWithAnyOther) {
  train("whole", 2);
  config_.train.steps = 4;
  train("parts", 4);
  config_.train.steps = 6;
  train("parts", 1, resuming());
  config_.train.steps = 8;
  train("parts", 3, resuming());
  expect_same_losses("parts", "whole");
}

TEST_F(SeveralProcesses, StopTogetherAtOneStep) {
  const std::string whole = bytes(train("whole", 2));
  const fs::path stopped = train("parts", 2, stopping_after(7));
  EXPECT_TRUE(stopped.empty() || stopped.filename() < "step-00000008.safetensors");
  EXPECT_EQ(bytes(train("parts", 2, resuming())), whole);
}

TEST_F(SeveralProcesses, KeepPowerFunctionAverages) {
  config_.train.average_every = 4;
  for (const int64_t ranks : {1, 2}) {
    const std::string name = concat("whole", ranks), parts = concat("parts", ranks);
    config_.train.steps = 8;
    const std::string whole = bytes(train(name, ranks));
    config_.train.steps = 4;
    train(parts, ranks);
    config_.train.steps = 8;
    EXPECT_EQ(bytes(train(parts, ranks, resuming())), whole) << ranks;
    const char* const last = "averages/step-00000008-sigma0.100.safetensors";
    EXPECT_EQ(bytes(folder_ / parts / last), bytes(folder_ / name / last)) << ranks;
  }
}

// A run that began without them takes them up.
TEST_F(SeveralProcesses, BeginAveragesOnTheWay) {
  config_.train.steps = 4;
  train("run", 2);
  config_.train.steps = 8;
  config_.train.average_every = 4;
  train("run", 2, resuming());
  EXPECT_TRUE(fs::exists(folder_ / "run/averages/step-00000008-sigma0.050.safetensors"));
}

TEST_F(SeveralProcesses, ABatchThatCannotBeSharedOutIsRefused) {
  config_.train.batch_size = 7;
  EXPECT_NE(thrown<ConfigError>([&] { train("odd", 2); }).find("must be a multiple"), std::string::npos);
}

class Aligned : public SeveralProcesses {
 protected:
  Aligned() {
    checkpoint::NamedTensors weights;
    for (const auto& [name, tensor] : models::dinov2_weights()) weights.emplace_back(name, tensor);
    checkpoint::save_safetensors(folder_ / "dinov2.safetensors", weights, {});
    config_.model.patch_size = 16;
    config_.data.image_size = 32;
    config_.sample.size = {32, 32};
    config_.repa.weight = 0.5;
    config_.repa.block = 1;
    config_.repa.teacher = (folder_ / "dinov2.safetensors").string();
    config_.repa.precision = models::Precision::float32;
  }
};

TEST_F(Aligned, LearnsAndIsResumedWithItsProjector) {
  config_.dispersive.weight = 0.1;
  config_.dispersive.block = 1;
  expect_resumed_alike({"repa_loss", "dispersive_loss"});
}

class Seen : public SeveralProcesses {
 protected:
  Seen() {
    checkpoint::NamedTensors weights;
    for (const auto& [name, tensor] : models::efficientnet_weights()) weights.emplace_back(name, tensor);
    checkpoint::save_safetensors(folder_ / "lite.safetensors", weights, {});
    config_.data.image_size = 16;
    config_.sample.size = {16, 16};
    config_.frequency.weight = 0.5;
    config_.perceptual.weight = 0.1;
    config_.perceptual.network = (folder_ / "lite.safetensors").string();
  }
};

TEST_F(Seen, LearnsAndIsResumed) {
  expect_resumed_alike({"frequency_loss", "perceptual_loss"});
}

TEST_F(Seen, SeveralProcessesAndMicroBatchesHaveTheLossesOfOne) {
  train("one", 1);
  config_.train.micro_batch_size = 3;
  train("two", 2);
  expect_same_losses("two", "one");
}

TEST_F(Seen, WithoutItsNetworkNothingBegins) {
  config_.perceptual.network = (folder_ / "elsewhere.pth").string();
  EXPECT_NE(thrown<ConfigError>([&] { train("run", 1); }).find("perceptual.network"), std::string::npos);
  config_.data.image_size = 8;
  EXPECT_NE(thrown<ConfigError>([&] { train("run", 1); }).find("pictures of 8 pixels a side are below the 16"),
            std::string::npos);
}

TEST_F(Aligned, SeveralProcessesHaveTheLossesOfOne) {
  train("one", 1);
  train("two", 2);
  expect_same_losses("two", "one");
}

TEST_F(Aligned, FeaturesThatAreReadBackAreThoseThatAreComputed) {
  train("computed", 1);
  config_.repa.features = (folder_ / "features").string();
  train("read", 2);
  const std::vector<double> found = losses("read"), expected = losses("computed");
  for (size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(found[i], expected[i], 1e-3 * expected[i]);  // bfloat16
  const auto made = fs::last_write_time(folder_ / "features/features-00000.safetensors");
  train("again", 1);
  EXPECT_EQ(fs::last_write_time(folder_ / "features/features-00000.safetensors"), made);
}

TEST_F(Aligned, FeaturesOfSomethingElseAreRefused) {
  config_.repa.features = (folder_ / "features").string();
  config_.train.steps = 1;
  train("first", 1);
  config_.data.image_size = 48;
  config_.sample.size = {48, 48};
  EXPECT_NE(thrown<DataError>([&] { train("second", 1); }).find("holds features of"), std::string::npos);
  config_.data.horizontal_flip = true;
  EXPECT_NE(thrown<ConfigError>([&] { train("third", 1); }).find("data.horizontal_flip"), std::string::npos);
}

TEST_F(Aligned, BlocksThatAreNotThereAreRefused) {
  config_.repa.block = 9;
  EXPECT_NE(thrown<ConfigError>([&] { train("run", 1); }).find("repa.block is 9"), std::string::npos);
}

}  // namespace
}  // namespace pixnerd::train
