// `eval:` in a run, with an extractor that needs no weights.
#include "train/evaluation.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <new>

#include "core/errors.h"
#include "core/file.h"
#include "core/log.h"
#include "core/text.h"
#include "image/codec.h"
#include "tests/core/temporary_folder.h"
#include "tests/core/thrown.h"
#include "tests/models/tiny.h"
#include "train/run.h"

namespace pixnerd::train {
namespace {

namespace fs = std::filesystem;

// Two classes of flat 8 x 8 pictures, one of them three times as large, and reference pictures.
class EvaluatedRun : public testing::Test {
 protected:
  EvaluatedRun() {
    for (const auto& [name, count] : {std::pair{"data/dark", 1}, {"data/light", 3}, {"reference", 6}}) {
      fs::create_directories(folder_ / name);
      for (int i = 0; i < count; ++i) {
        const image::Image picture{8, 8, std::vector<uint8_t>(8 * 8 * 3, static_cast<uint8_t>(60 * count + 7 * i))};
        image::write_png(folder_ / name / concat(i, ".png"), picture);
      }
    }
    config_.model = models::tiny_config();
    config_.model.num_classes = 0;
    config_.data.path = (folder_ / "data").string();
    config_.data.image_size = 8;
    config_.sample.size = {8, 8};
    config_.sample.sampler.steps = 2;
    config_.train.steps = 4;
    config_.train.batch_size = 2;
    config_.train.learning_rate = 0.01;
    config_.train.checkpoint_every = 4;
    config_.train.precision = models::Precision::float32;
    config_.eval.every = 3;
    config_.eval.pictures = 20;
    config_.eval.metrics = {eval::Metric::fid, eval::Metric::kid};
    config_.eval.reference = (folder_ / "reference").string();
    config_.eval.extractor.weights = "none";
    options_.start = Start::resume_or_anew;
    options_.load_extractor = [this](const eval::ExtractorConfig&, const at::Device&) {
      return eval::Extractor{[this](const at::Tensor& pictures) { return features_of(pictures); }, "means"};
    };
  }

  // Means of four parts of a picture.
  eval::Features features_of(const at::Tensor& pictures) {
    seen_ += pictures.size(0);
    return {pictures.to(at::kFloat).flatten(1).view({pictures.size(0), 4, -1}).mean(2), {}, {}};
  }

  RunSummary run_in(const char* name) {
    NoProgress progress;
    return run(config_, folder_ / name, options_, progress);
  }

  std::string log_of(const std::string& name) const { return read_file(folder_ / name / "log.jsonl", 1 << 20); }

  TemporaryFolder folder_;
  RunConfig config_;
  RunOptions options_;
  int64_t seen_ = 0;
};

size_t count_of(const std::string& text, const std::string& part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

TEST_F(EvaluatedRun, LogsFiguresAtTheIntervalAndTheEnd) {
  run_in("run");
  const std::string log = log_of("run");
  EXPECT_EQ(count_of(log, R"("eval":{"pictures":20,"fid":)"), 2U) << log;
  EXPECT_EQ(count_of(log, R"("kid":)"), 2U) << log;
  EXPECT_NE(log.find(R"({"step":3,"eval")"), std::string::npos) << log;
  EXPECT_NE(log.find(R"({"step":4,"eval")"), std::string::npos) << log;
  const std::string events = read_file(folder_ / "run/events.out.tfevents.00000001.pixnerd", 1 << 20);
  EXPECT_EQ(count_of(events, "eval/fid"), 2U);
  EXPECT_EQ(seen_, 6 + 1 + 2 * 20);  // the reference, a black picture to try, the run's own
}

TEST_F(EvaluatedRun, TrainingIsTheSameAsWithoutAndAfterAStop) {
  const auto weights = [](const RunSummary& summary) { return sample::load_weights(summary.checkpoint).tensors; };
  const auto whole = weights(run_in("whole"));
  struct Steps : Progress {
    void update(int64_t done, int64_t, std::string_view) override { taken = done; }
    int64_t taken = 0;
  } steps;
  RunOptions stopping = options_;
  for (int64_t last = 1; last < 4; ++last) {
    stopping.stop = [&] { return steps.taken >= last; };
    EXPECT_EQ(run(config_, folder_ / "parts", stopping, steps).step, last);
  }
  const auto parts = weights(run_in("parts"));
  config_.eval.every = 0;
  const auto plain = weights(run_in("plain"));
  for (const auto& [name, tensor] : whole) {
    EXPECT_TRUE(tensor.equal(parts.at(name))) << name;
    EXPECT_TRUE(tensor.equal(plain.at(name))) << name;
  }
  const auto last_figures = [](const std::string& log) { return log.substr(log.find(R"({"step":4,"eval")")); };
  EXPECT_EQ(last_figures(log_of("parts")), last_figures(log_of("whole")));
}

TEST_F(EvaluatedRun, AStopIsHeededWithinABatch) {
  config_.eval.every = 4;
  int64_t asked = 0;
  options_.stop = [&] { return ++asked > 6; };  // in every step and before it: 4 times and 1 for the reference
  config_.sample.sampler.steps = 1000;
  config_.eval.batch_size = 20;
  const RunSummary summary = run_in("run");
  EXPECT_EQ(summary.step, 4);
  EXPECT_LT(asked, 12);
  EXPECT_EQ(log_of("run").find("eval"), std::string::npos);
  EXPECT_EQ(seen_, 6 + 1);
}

TEST_F(EvaluatedRun, TheReferenceIsLookedAtOnce) {
  config_.eval.metrics = {eval::Metric::fid};
  run_in("run");
  EXPECT_TRUE(fs::exists(folder_ / "run/reference.safetensors"));
  seen_ = 0;
  config_.train.steps = 5;
  config_.eval.every = 100;
  run_in("run");
  EXPECT_EQ(seen_, 1 + 20);
  // KID needs the features, which were not kept.
  seen_ = 0;
  config_.train.steps = 6;
  config_.eval.metrics = {eval::Metric::kid};
  run_in("run");
  EXPECT_EQ(seen_, 6 + 1 + 20);
}

TEST_F(EvaluatedRun, WhatIsMissingIsFoundBeforeTheRun) {
  config_.eval.reference = (folder_ / "nowhere").string();
  EXPECT_NE(thrown<DataError>([&] { run_in("run"); }).find("nowhere"), std::string::npos);
  EXPECT_FALSE(fs::exists(folder_ / "run"));
  config_.eval.reference = (folder_ / "reference").string();
  config_.eval.extractor.weights = (folder_ / "absent.pth").string();
  options_.load_extractor = RunOptions{}.load_extractor;
  EXPECT_NE(thrown<DataError>([&] { run_in("run"); }).find("absent.pth"), std::string::npos);
  EXPECT_FALSE(fs::exists(folder_ / "run"));
}

TEST_F(EvaluatedRun, AReferenceOfAnotherNetworkIsFoundBeforeTheFirstStep) {
  eval::Reference other{"other", eval::gaussian_of(at::eye(5)), {}, {}, 5, 8, 8, {}};
  eval::save_reference(folder_ / "other.safetensors", other, "means");
  config_.eval.metrics = {eval::Metric::fid};
  config_.eval.reference = (folder_ / "other.safetensors").string();
  EXPECT_NE(thrown<DataError>([&] { run_in("run"); }).find("another network"), std::string::npos);
  config_.eval.metrics = {eval::Metric::kid};
  EXPECT_NE(thrown<DataError>([&] { run_in("run"); }).find("statistics alone"), std::string::npos);
}

TEST_F(EvaluatedRun, PatternsChooseTheReference) {
  config_.eval.reference = config_.data.path;
  config_.eval.include = {"light"};
  config_.eval.metrics = {eval::Metric::fid};
  run_in("run");
  EXPECT_EQ(seen_, 3 + 1 + 2 * 20);
  seen_ = 0;
  config_.train.steps = 5;
  config_.eval.include = {"*"};
  run_in("run");
  EXPECT_EQ(seen_, 4 + 1 + 20) << "what was seen of others does not serve";
}

TEST_F(EvaluatedRun, NothingThatFailsInAnEvaluationEndsTheTraining) {
  const std::function<void()> failures[] = {[] { throw std::bad_alloc(); },
                                            [] { TORCH_CHECK(false, "DefaultCPUAllocator: can't allocate memory"); }};
  for (const auto& fail : failures) {
    std::string log;
    set_log_sink([&](std::string_view line) { log += line; });
    options_.load_extractor = [&](const eval::ExtractorConfig&, const at::Device&) {
      return eval::Extractor{[&](const at::Tensor& pictures) {
                               if (pictures.size(0) > 6) fail();
                               return features_of(pictures);
                             },
                             "fails"};
    };
    EXPECT_EQ(run_in(&fail == failures ? "first" : "second").step, 4);
    set_log_sink({});
    EXPECT_NE(log.find("there is no evaluation at step 3: memory ended"), std::string::npos) << log;
    EXPECT_EQ(log.find("frame #"), std::string::npos) << log;
  }
}

TEST_F(EvaluatedRun, PicturesThatCannotBeJudgedDoNotEndTheTraining) {
  options_.load_extractor = [](const eval::ExtractorConfig&, const at::Device&) {
    const auto broken = [](const at::Tensor& pictures) {
      const double value = pictures.max().item<int>() == 0 || pictures.size(0) == 6 ? 0 : NAN;
      return eval::Features{at::full({pictures.size(0), 4}, value), {}, {}};
    };
    return eval::Extractor{broken, "broken"};
  };
  EXPECT_EQ(run_in("run").step, 4);
  EXPECT_EQ(log_of("run").find("eval"), std::string::npos);
}

}  // namespace
}  // namespace pixnerd::train
