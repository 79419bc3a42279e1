#include "config/schema.h"

#include <gtest/gtest.h>

#include "tests/config/example.h"
#include "tests/core/thrown.h"

namespace pixnerd::config {
namespace {

using example::Config;
using example::read_text;
using example::Solver;

TEST(DumpTest, WritesEveryKeyInOrder) {
  EXPECT_EQ(dump(Config{}),
            "name: run\n"
            "verbose: false\n"
            "solver: euler\n"
            "solvers: []\n"
            "model:\n"
            "  hidden_size: 64\n"
            "  num_heads: 4\n"
            "train:\n"
            "  learning_rate: 0.0001\n"
            "  betas: [0.9, 0.999]\n"
            "  clip: null\n"
            "  milestones: [10, 20]\n"
            "  switches: []\n"
            "  teacher: null\n"
            "extra: null\n");
}

TEST(DumpTest, ReadsBackExactly) {
  Config config;
  config.name = "null";
  config.verbose = true;
  config.solver = Solver::off;
  config.solvers = {Solver::heun, Solver::off};
  config.model = {.hidden_size = 96, .num_heads = 3};
  config.train.learning_rate = 0.1 + 0.2;
  config.train.betas = {1.0 / 3, 1e-7};
  config.train.clip = 1;
  config.train.milestones = {};
  config.train.switches = {true, false};
  config.train.teacher = example::ModelConfig{.hidden_size = 8, .num_heads = 2};
  config.extra = parse("a: [1, 'two', {three: null}]\nb: 'x: y'\n", "elsewhere");
  EXPECT_NE(config, Config{});
  EXPECT_EQ(read_text(dump(config)), config) << dump(config);
  EXPECT_EQ(read_text(dump(Config{})), Config{});
}

TEST(DumpTest, EveryReadingReplacesWhatWasThere) {
  Config config;
  config.train.clip = 3;
  config.train.milestones = {1, 2, 3};
  config.train.teacher = example::ModelConfig{};
  read(parse(dump(Config{}), "x.yaml"), config);
  EXPECT_EQ(config, Config{});
}

TEST(DumpTest, RefusesAnEnumerationValueWithoutName) {
  Config config;
  config.solver = static_cast<Solver>(17);
  EXPECT_EQ(thrown<ConfigError>([&] { dump(config); }), "an enumeration has no name for its value 17");
}

TEST(DescribeTest, ShowsKeysDefaultsHelpAndLimits) {
  EXPECT_EQ(describe<Config>(),
            "name                       run           what to call it\n"
            "verbose                    false         say more\n"
            "solver                     euler         how to integrate (one of euler, heun, off)\n"
            "solvers                    []            more of them (one of euler, heun, off)\n"
            "model                                    the network\n"
            "model.hidden_size          64            width of a token (at least 1)\n"
            "model.num_heads            4             attention heads (at least 1)\n"
            "train                                    the training\n"
            "train.learning_rate        0.0001        step size (above 0)\n"
            "train.betas                [0.9, 0.999]  decay of the moments (between 0 and 1)\n"
            "train.clip                 null          largest gradient norm (above 0)\n"
            "train.milestones           [10, 20]\n"
            "train.switches             []\n"
            "train.teacher              null          network to learn from\n"
            "train.teacher.hidden_size  64            width of a token (at least 1)\n"
            "train.teacher.num_heads    4             attention heads (at least 1)\n"
            "extra                      null          kept as it is\n");
}

}  // namespace
}  // namespace pixnerd::config
