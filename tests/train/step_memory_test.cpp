#include "train/step_memory.h"

#include <gtest/gtest.h>

#include "config/builtin.h"
#include "core/errors.h"
#include "tests/core/thrown.h"
#include "train/plan.h"

namespace pixnerd::train {
namespace {

RunConfig builtin(const char* name) {
  RunConfig config = read_run_config(config::parse(*config::builtin(name), name));
  if (config.model.num_classes == 0) config.model.num_classes = 500;
  return config;
}

// 452.1 M parameters; passes over 4 pictures were measured at 11 GB with everything (docs/performance.md).
TEST(StepMemory, OfL16IsAsMeasured) {
  RunConfig config = builtin("imagenet256_L16");
  config.train.batch_size = 4;
  config.train.micro_batch_size = 4;
  config.repa.weight = 0;  // without which it was measured
  const StepMemory memory = step_memory(config);
  EXPECT_NEAR(memory.network, 452.1e6 * 22, 0.1e9);
  EXPECT_NEAR(memory.total(), 11e9, 1.1e9);
}

TEST(StepMemory, TheLargestPicturesCount) {
  RunConfig config = builtin("emoji64"), large = config;
  config.data.more_sizes = {128};
  large.data.image_size = 128;
  EXPECT_EQ(step_memory(config).pass, step_memory(large).pass);
  EXPECT_EQ(step_memory(config).pictures, step_memory(large).pictures);
}

TEST(Plan, ArithmeticIsTheMeanOfTheSizes) {
  RunConfig config = builtin("emoji64"), large = config;
  large.data.image_size = 128;
  const double small = plan_of(config, 1, Exchange::memory).operations,
               much = plan_of(large, 1, Exchange::memory).operations;
  config.data.more_sizes = {128};
  config.data.more_sizes_share = 0.5;
  EXPECT_NEAR(plan_of(config, 1, Exchange::memory).operations, (small + much) / 2, 1e-6 * much);
}

TEST(StepMemory, SeveralProcessesShareOutTheOptimiser) {
  const RunConfig config = builtin("imagenet256_L16");
  const StepMemory one = step_memory(config), eight = step_memory(config, 8, Exchange::messages);
  EXPECT_NEAR(one.network - eight.network, trained_values(config) * 12 * 7 / 8, 1e6);
  EXPECT_NEAR(eight.pass, one.pass / 8, 1e6);
  EXPECT_EQ(one.messages, 0);
  EXPECT_GT(step_memory(config, 8, Exchange::memory).messages, eight.messages);
}

TEST(StepMemory, RecomputingAndSmallerPartsNeedLess) {
  RunConfig config = builtin("imagenet256_L16");
  const double whole = step_memory(config).total();
  config.train.recompute_blocks = true;
  EXPECT_LT(step_memory(config).total(), whole / 2);
  config.train.recompute_blocks = false;
  config.train.micro_batch_size = 1;
  EXPECT_LT(step_memory(config).total(), 14e9);
}

TEST(StepMemory, ThePerceptualLossCounts) {
  RunConfig config = builtin("emoji64");
  const double before = step_memory(config).total();
  config.perceptual.weight = 0.1;
  EXPECT_GT(step_memory(config).total(), before + 1e6 * static_cast<double>(together(config, 1)));
}

TEST(CheckMemory, NamesWhatToLower) {
  RunConfig config = builtin("imagenet256_L16");
  EXPECT_NO_THROW(check_memory(config, 1, 0));
  EXPECT_NO_THROW(check_memory(config, 1, uint64_t{1} << 40));
  const auto refused = [&](uint64_t available) {
    return thrown<ConfigError>([&] { check_memory(config, 1, available); });
  };
  const std::string message = refused(24'000'000'000);
  EXPECT_NE(message.find("set train.micro_batch_size to "), std::string::npos) << message;
  EXPECT_LT(message.size(), 200u) << message;
  config.train.micro_batch_size = 16;
  EXPECT_NO_THROW(check_memory(config, 1, 24'000'000'000));
  EXPECT_NE(refused(6'000'000'000).find("smaller model"), std::string::npos);
  config.train.batch_size = 100'000;
  EXPECT_NE(refused(24'000'000'000).find("lower train.batch_size"), std::string::npos);
}

TEST(CheckMemory, OfWhatIsDrawnOnTheWay) {
  RunConfig config = builtin("emoji64");
  EXPECT_NO_THROW(check_memory(config, 1, 1'500'000'000));
  config.sample.size = {8192, 8192};
  EXPECT_NE(thrown<ConfigError>([&] { check_memory(config, 1, 8'000'000'000); }).find("train.sample_pictures"),
            std::string::npos);
  config.train.sample_every = 0;
  EXPECT_NO_THROW(check_memory(config, 1, 8'000'000'000));
  config.eval.every = 1;
  EXPECT_NE(thrown<ConfigError>([&] { check_memory(config, 1, 8'000'000'000); }).find("eval.batch_size"),
            std::string::npos);
}

}  // namespace
}  // namespace pixnerd::train
