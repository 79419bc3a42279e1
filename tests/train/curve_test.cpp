// The golden curve: how the losses of 200 steps of emoji64 on 96 pictures fell when it was kept (curve/losses.jsonl).
// What changes how training goes, be it so little that no single test sees it, shows here.
#include <gtest/gtest.h>

#include <sstream>

#include "config/builtin.h"
#include "config/json.h"
#include "core/file.h"
#include "tests/core/temporary_folder.h"
#include "train/run.h"

namespace pixnerd::train {
namespace {

constexpr const char* kFolder = "tests/train/curve/";

RunConfig curve_config() {
  RunConfig config = read_run_config(config::parse(*config::builtin("emoji64"), "emoji64.yaml"));
  config.data.path = std::string(kFolder) + "smileys.tar";
  config.data.include.clear();
  config.data.styles = false;
  config.data.held_out = 0;
  config.data.shift_pixels = 2;  // as the curve was kept
  config.train.steps = 200;
  config.train.batch_size = 8;
  config.train.warmup_steps = 20;
  config.train.log_every = 10;
  config.train.validate_every = config.train.sample_every = 0;
  config.train.checkpoint_every = 1000;
  return config;
}

std::vector<double> losses_in(const std::string& log) {
  std::vector<double> losses;
  std::istringstream lines(log);
  for (std::string line; std::getline(lines, line);) {
    losses.push_back(std::stod(config::parse_json(line, "log").at("loss").scalar));
  }
  return losses;
}

// Instruction sets and threads round otherwise: by 5e-6 of a loss at most between AVX-512, AVX2, the framework's own
// operators, and one and two threads.
TEST(GoldenCurve, TwoHundredStepsOfEmoji64) {
  const TemporaryFolder folder;
  NoProgress progress;
  run(curve_config(), folder / "run", {}, progress);
  const std::vector<double> found = losses_in(read_file(folder / "run/log.jsonl", 1 << 20));
  const std::vector<double> kept = losses_in(read_file(std::string(kFolder) + "losses.jsonl", 1 << 20));
  ASSERT_EQ(found.size(), 20U);
  ASSERT_EQ(kept.size(), found.size());
  for (size_t i = 0; i < kept.size(); ++i) {
    EXPECT_NEAR(found[i], kept[i], 1e-4 * kept[i]) << "steps up to " << 10 * (i + 1);
  }
  EXPECT_LT(found.back(), 0.5 * found.front());
}

}  // namespace
}  // namespace pixnerd::train
