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
  EXPECT_NE(message("perceptual: {weight: 0.1}").find("EfficientNet-Lite0"), std::string::npos);
  EXPECT_EQ(message("perceptual: {weight: 0.1, network: lite.pth}"), "accepted");
  EXPECT_NE(message("frequency: {quality: 0}").find("frequency.quality"), std::string::npos);
  EXPECT_NE(message("flow: {time_std: 0}").find("flow.time_std"), std::string::npos);
  EXPECT_NE(message("train:\n  steps: many\n").find("test.yaml:2"), std::string::npos);
}

TEST(ReadRunConfig, SamplesHaveTheSizeOfTheData) {
  const auto size = [](const char* text) { return read_run_config(config::parse(text, "test.yaml")).sample.size; };
  EXPECT_EQ(size("data: {image_size: 96}"), (sample::PictureSize{96, 96}));
  EXPECT_EQ(size("data: {image_size: 96}\nsample: {steps: 3}"), (sample::PictureSize{96, 96}));
  EXPECT_EQ(size("data: {image_size: 96}\nsample: {size: [64, 32]}"), (sample::PictureSize{64, 32}));
  for (const std::string& name : config::builtin_names()) {
    const RunConfig config = read_run_config(config::parse(*config::builtin(name), name));
    EXPECT_EQ(config.sample.size, (sample::PictureSize{config.data.image_size, config.data.image_size})) << name;
  }
}

TEST(Schedule, ItsLengthIsSettledOnceWhereSomethingDependsOnIt) {
  RunConfig constant;
  EXPECT_FALSE(has_schedule(constant));
  settle_schedule(constant, nullptr);
  EXPECT_FALSE(constant.train.schedule_steps.has_value());

  RunConfig before = read_text("train: {steps: 100, final_learning_rate: 0}");
  EXPECT_TRUE(has_schedule(before));
  settle_schedule(before, nullptr);
  EXPECT_EQ(before.train.schedule_steps, 100);

  for (const int64_t steps : {50, 100}) {
    RunConfig now = read_text(concat("train: {final_learning_rate: 0, steps: ", steps, "}"));
    settle_schedule(now, &before);
    EXPECT_EQ(now.train.schedule_steps, 100);
    EXPECT_EQ(learning_rate(now.train, 25), learning_rate(before.train, 25));
  }
  RunConfig longer = read_text("train: {final_learning_rate: 0, steps: 101}");
  EXPECT_NE(thrown<ConfigError>([&] { settle_schedule(longer, &before); }).find("train.schedule_steps=101"),
            std::string::npos);
  longer = read_text("train: {final_learning_rate: 0, steps: 101, schedule_steps: 150}");
  settle_schedule(longer, &before);
  EXPECT_EQ(longer.train.schedule_steps, 150);
}

TEST(Schedule, ALengthOfNullThatIsGivenIsThatOfTheSteps) {
  const auto settled = [](const std::string& train) {
    RunConfig before = read_text("train: {steps: 100, final_learning_rate: 0}");
    settle_schedule(before, nullptr);
    RunConfig now = read_run_config(config::parse(concat("train: {final_learning_rate: 0, ", train, "}"), "test.yaml"));
    settle_schedule(now, &before);
    return now.train.schedule_steps;
  };
  EXPECT_EQ(settled("steps: 80"), 100);
  EXPECT_EQ(settled("steps: 80, schedule_steps: null"), 80);
  EXPECT_EQ(settled("steps: 130, schedule_steps: null"), 130);
  config::Value typed = config::parse("train: {final_learning_rate: 0, steps: 130}", "test.yaml");
  config::assign(typed, "train.schedule_steps", "null");
  EXPECT_EQ(read_run_config(typed).train.schedule_steps, 130);
  EXPECT_FALSE(read_run_config(config::parse("train: {schedule_steps: null}", "test.yaml")).train.schedule_steps);
}

TEST(ReadRunConfig, TheNetworkIsOpenWhereModelSaysNumbersOfLabelsAlone) {
  const auto read = [](const std::string& text) { return read_run_config(config::parse(text, "test.yaml")); };
  EXPECT_TRUE(read("").is_model_open);
  EXPECT_TRUE(read("model: {num_classes: 0, num_styles: 0}").is_model_open);
  EXPECT_FALSE(read("model: {num_heads: 16}").is_model_open);
  EXPECT_FALSE(RunConfig().is_model_open);

  const std::string some = "default_model: {hidden_size: 96, num_heads: 6}\n";
  EXPECT_TRUE(read(some).is_model_open);
  EXPECT_EQ(read(some).model.hidden_size, 96);
  EXPECT_EQ(read(some + "model: {num_heads: 3}").model.hidden_size, 96);
  EXPECT_EQ(read(some + "model: {num_heads: 3}").model.num_heads, 3);
  EXPECT_FALSE(read(some + "model: {num_heads: 3}").is_model_open);
  EXPECT_NE(config::dump(read(some)).find("default_model: null"), std::string::npos);
  EXPECT_NE(thrown<ConfigError>([&] { read("default_model: {hiden_size: 96}"); }).find("test.yaml:1"),
            std::string::npos);
}

TEST(ReadRunConfig, PicturesOfOnesOwnHaveANetworkOfTheirOwnOrThatOfAFile) {
  const RunConfig own = read_run_config(config::parse(*config::builtin("own_pictures"), "own_pictures.yaml"));
  EXPECT_TRUE(own.is_model_open);
  EXPECT_EQ(own.model.hidden_size, 192);
  EXPECT_EQ(own.model.num_classes, 0);
}

TEST(EmaDecay, IsConstantUnlessItWarmsUp) {
  TrainConfig config;
  config.ema_decay = 0.998;
  EXPECT_EQ(ema_decay(config, 0), 0.998);
  config.ema_warmup = false;
  EXPECT_EQ(ema_decay(config, 0), 0.998);
  config.ema_warmup = true;
  EXPECT_DOUBLE_EQ(ema_decay(config, 0), 0.1);
  EXPECT_DOUBLE_EQ(ema_decay(config, 90), 0.91);
  EXPECT_LT(ema_decay(config, 4489), 0.998);
  EXPECT_EQ(ema_decay(config, 4490), 0.998);
  EXPECT_EQ(ema_decay(config, 800'000), 0.998);
}

// What is left of the first weights after so many steps.
TEST(EmaDecay, AWarmUpForgetsTheFirstWeights) {
  TrainConfig config;
  config.ema_decay = 0.9999;
  config.ema_warmup = true;
  double left = 1;
  for (int64_t step = 0; step < 100; ++step) left *= ema_decay(config, step);
  EXPECT_LT(left, 1e-9);
}

TEST(EmaDecay, ThePublishedConfigurationsDoNotWarmUp) {
  for (const std::string& name : config::builtin_names()) {
    RunConfig config = read_run_config(config::parse(*config::builtin(name), name));
    settle_average(config, nullptr);
    const bool is_published = name.starts_with("imagenet") || name.starts_with("t2i");
    EXPECT_EQ(config.train.ema_warmup, !is_published) << name;
  }
}

TEST(EmaDecay, ARunFromBeforeThereWereWarmUpsGoesOnWithout) {
  RunConfig before = read_text(""), now = read_text("train: {ema_warmup: true}");
  settle_average(now, &before);
  EXPECT_EQ(now.train.ema_warmup, false);
  EXPECT_EQ(before.train.ema_warmup, false);
  before.train.ema_warmup = true;
  settle_average(now, &before);  // another setting is another run, which is for check_resumable() to say
  EXPECT_EQ(now.train.ema_warmup, false);
  EXPECT_EQ(before.train.ema_warmup, true);
}

TEST(Schedule, EarlyTimesEndWithTheirShareOfIt) {
  RunConfig config =
      read_text("train: {steps: 10, early_times_until: 0.5, schedule_steps: 20}\nflow: {early_share: 0.5}");
  EXPECT_TRUE(has_schedule(config));
  EXPECT_TRUE(has_early_times(config.train, 9));
  EXPECT_FALSE(has_early_times(config.train, 10));
  config.train.early_times_until = 1;
  EXPECT_FALSE(has_schedule(config));
  EXPECT_TRUE(has_early_times(config.train, 1000));
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
