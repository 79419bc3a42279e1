#include "train/config.h"

#include <gtest/gtest.h>

#include "config/builtin.h"
#include "core/errors.h"
#include "core/text.h"
#include "tests/core/thrown.h"

namespace pixnerd::train {
namespace {

RunConfig read_text(const std::string& text) {
  RunConfig config;
  config::read(config::parse(text, "test.yaml"), config);
  return config;
}

TEST(RunConfig, EveryBuiltInConfigurationReadsAndDumpsBack) {
  ASSERT_FALSE(config::builtin_names().empty());
  for (const std::string& name : config::builtin_names()) {
    const RunConfig config = read_text(std::string(*config::builtin(name)));
    EXPECT_EQ(config::dump(read_text(config::dump(config))), config::dump(config)) << name;
  }
}

TEST(RunConfig, UnknownKeysAndImpossibleCombinationsAreRefusedWithTheirLine) {
  const auto message = [](const std::string& text) {
    try {
      read_text(text);
    } catch (const ConfigError& error) {
      return std::string(error.what());
    }
    return std::string("accepted");
  };
  EXPECT_NE(message("model:\n  hiden_size: 64\n").find("test.yaml:2"), std::string::npos);
  EXPECT_NE(message("model:\n  hiden_size: 64\n").find("hidden_size"), std::string::npos);
  EXPECT_NE(message("model:\n  hidden_size: 100\n").find("num_heads 16"), std::string::npos);
  EXPECT_NE(message("train:\n  steps: many\n").find("test.yaml:2"), std::string::npos);
}

TEST(CheckResumable, StepsAndIntervalsMayChangeAndNothingElse) {
  const RunConfig before;
  RunConfig now;
  now.train.steps = 5;
  now.train.checkpoint_every = 7;
  now.train.log_every = 9;
  now.train.keep_checkpoints = 2;
  EXPECT_NO_THROW(check_resumable(before, now));
  now.train.learning_rate = 0.5;
  now.data.include = {"x*"};
  now.model.prediction = models::Prediction::image;
  try {
    check_resumable(before, now);
    FAIL() << "accepted";
  } catch (const ConfigError& error) {
    const std::string message = error.what();
    EXPECT_NE(message.find("train.learning_rate is 0.0001 in the run and 0.5 now"), std::string::npos) << message;
    EXPECT_NE(message.find("data.include is [] in the run and [\"x*\"] now"), std::string::npos) << message;
    EXPECT_NE(message.find("model.prediction is velocity in the run and image now"), std::string::npos) << message;
    EXPECT_EQ(message.find("train.steps is"), std::string::npos) << message;
  }
}

TEST(CheckResumable, EveryChangeableKeyIsOneOfTheConfiguration) {
  RunConfig of_text;
  of_text.model.type = models::ModelType::t2i;
  const std::string keys = config::describe<RunConfig>() + config::describe(of_text);
  for (const std::string_view key : changeable_on_resume()) {
    EXPECT_NE(keys.find(std::string(key) + " "), std::string::npos) << key;
  }
}

TEST(TrainConfig, AMicroBatchIsPartOfABatch) {
  EXPECT_THROW(read_text("train: {batch_size: 4, micro_batch_size: 5}"), ConfigError);
  EXPECT_EQ(read_text("train: {batch_size: 4, micro_batch_size: 3}").train.micro_batch_size, 3);
}

TEST(EvalConfig, WhatAnEvaluationCannotDoWithoutIsAskedFor) {
  const auto refused = [](const std::string& text) {
    return thrown<ConfigError>([&] { read_text(concat("eval: {", text, "}")); });
  };
  EXPECT_NE(refused("every: 5, reference: a").find("eval: weights is empty"), std::string::npos);
  EXPECT_NE(refused("every: 5, weights: a").find("reference is empty"), std::string::npos);
  EXPECT_NE(refused("every: 5, weights: a, metrics: []").find("metrics is empty"), std::string::npos);
  EXPECT_NE(refused("every: 5, weights: a, reference: b, network: dinov2, metrics: [sfid]").find("metric sfid"),
            std::string::npos);
  EXPECT_NE(refused("metrics: [fod]").find("fod"), std::string::npos);
  EXPECT_EQ(read_text("eval: {weights: a, metrics: [is], every: 5}").eval.every, 5);
  EXPECT_NO_THROW(read_text("eval: {metrics: []}"));
}

TEST(CheckResumable, EverythingOfAnEvaluationMayChange) {
  const RunConfig before;
  RunConfig now;
  now.eval = {1, 50, {eval::Metric::kid}, "r", {"a*"}, {eval::FeatureNetwork::dinov2, "w"}, 3, 9};
  now.eval.extractor.resize = models::InceptionResize::pytorch;
  now.eval.extractor.precision = models::Precision::bfloat16;
  EXPECT_NO_THROW(check_resumable(before, now));
}

TEST(LearningRate, WarmsUpThenFollowsACosine) {
  TrainConfig config;
  config.steps = 110;
  config.warmup_steps = 10;
  config.learning_rate = 1.0;
  config.final_learning_rate = 0.1;
  EXPECT_DOUBLE_EQ(learning_rate(config, 0), 0.1);
  EXPECT_DOUBLE_EQ(learning_rate(config, 9), 1.0);
  EXPECT_DOUBLE_EQ(learning_rate(config, 10), 1.0);
  EXPECT_NEAR(learning_rate(config, 60), 0.55, 1e-12);
  EXPECT_NEAR(learning_rate(config, 110), 0.1, 1e-12);
  EXPECT_NEAR(learning_rate(config, 9999), 0.1, 1e-12);
}

TEST(LearningRate, IsConstantWithoutAFinalOne) {
  TrainConfig config;
  config.learning_rate = 0.5;
  EXPECT_EQ(learning_rate(config, 0), 0.5);
  EXPECT_EQ(learning_rate(config, 700'000), 0.5);
}

}  // namespace
}  // namespace pixnerd::train
