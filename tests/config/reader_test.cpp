#include "config/reader.h"

#include <gtest/gtest.h>

#include "tests/config/example.h"
#include "tests/core/thrown.h"

namespace pixnerd::config {
namespace {

using example::Config;
using example::read_text;
using example::Solver;

std::string refusal(const std::string& yaml) {
  return thrown<ConfigError>([&] { read_text(yaml); });
}

TEST(ReaderTest, AbsentKeysKeepWhatWasThere) {
  Config config;
  config.model.hidden_size = 8;
  config.train.teacher = example::ModelConfig{.hidden_size = 12, .num_heads = 3};
  read(parse("model: {num_heads: 2}\ntrain: {teacher: {num_heads: 6}}\n", "x.yaml"), config);
  EXPECT_EQ(config.model, (example::ModelConfig{.hidden_size = 8, .num_heads = 2}));
  EXPECT_EQ(config.train.teacher, (example::ModelConfig{.hidden_size = 12, .num_heads = 6}));
  EXPECT_EQ(config.name, "run");
}

TEST(ReaderTest, EmptyFilesAndSectionsAreDefaults) {
  EXPECT_EQ(read_text(""), Config{});
  EXPECT_EQ(read_text("model:\ntrain:\n"), Config{});
}

TEST(ReaderTest, ReadsEveryType) {
  const Config config = read_text(
      "name: 5\nverbose: true\nsolver: 'off'\nsolvers: [heun, euler]\n"
      "train: {clip: 2, milestones: [], switches: [true, false], betas: [0.5, 1]}\nextra: {any: [thing]}\n");
  EXPECT_EQ(config.name, "5");
  EXPECT_TRUE(config.verbose);
  EXPECT_EQ(config.solver, Solver::off);
  EXPECT_EQ(config.solvers, (std::vector<Solver>{Solver::heun, Solver::euler}));
  EXPECT_EQ(config.train.clip, 2.0);
  EXPECT_TRUE(config.train.milestones.empty());
  EXPECT_EQ(config.train.switches, (std::vector<bool>{true, false}));
  EXPECT_EQ(config.train.betas, (std::array<double, 2>{0.5, 1}));
  EXPECT_EQ(config.extra, parse("any: [thing]", ""));
  EXPECT_EQ(where(config.extra), "x.yaml:6");
}

TEST(ReaderTest, UnknownKeysAreRefusedWithTheNearest) {
  EXPECT_EQ(refusal("model:\n  num_heads: 2\n  hiden_size: 8\n"),
            "x.yaml:3: unknown key 'hiden_size' in model; did you mean 'hidden_size'?");
  EXPECT_EQ(refusal("modle: {}\n"), "x.yaml:1: unknown key 'modle'; did you mean 'model'?");
  EXPECT_EQ(refusal("model:\n  x: 1\n"), "x.yaml:2: unknown key 'x' in model; the keys are hidden_size, num_heads");
  EXPECT_EQ(refusal("train:\n  teacher:\n    heads: 1\n"),
            "x.yaml:3: unknown key 'heads' in train.teacher; the keys are hidden_size, num_heads");
}

TEST(ReaderTest, WrongTypesAreRefusedWithTheirLine) {
  EXPECT_EQ(refusal("model:\n  num_heads: abc\n"),
            "x.yaml:2: model.num_heads must be a whole number of at least 1, not 'abc'");
  EXPECT_EQ(refusal("verbose: maybe\n"), "x.yaml:1: verbose must be true or false, not 'maybe'");
  EXPECT_EQ(refusal("model: 5\n"), "x.yaml:1: model must be a section of 'key: value' lines, not '5'");
  EXPECT_EQ(refusal("[1]\n"), "x.yaml:1: the configuration must be a section of 'key: value' lines, not a list of 1");
  EXPECT_EQ(refusal("solver: rk4\n"), "x.yaml:1: solver must be one of euler, heun, off, not 'rk4'");
  EXPECT_EQ(refusal("name:\n"), "x.yaml:1: name must be text, not empty");
}

TEST(ReaderTest, ListsAreCheckedItemByItem) {
  EXPECT_EQ(refusal("train:\n  milestones: 5\n"), "x.yaml:2: train.milestones must be a list, not '5'");
  EXPECT_EQ(refusal("train:\n  milestones:\n    - 1\n    - x\n"),
            "x.yaml:4: train.milestones[1] must be a whole number, not 'x'");
  EXPECT_EQ(refusal("train: {betas: [0.9]}\n"), "x.yaml:1: train.betas must be a list of 2, not a list of 1");
  EXPECT_EQ(refusal("train: {betas: [0.9, 2]}\n"),
            "x.yaml:1: train.betas[1] must be a number between 0 and 1, not '2'");
  EXPECT_EQ(refusal("train: {clip: 0}\n"), "x.yaml:1: train.clip must be a number above 0, not '0'");
}

TEST(ReaderTest, SectionsValidateThemselvesAtTheirLine) {
  EXPECT_EQ(refusal("name: x\nmodel:\n  num_heads: 3\n"),
            "x.yaml:2: model: hidden_size 64 is not divisible by num_heads 3");
  EXPECT_EQ(refusal("train:\n  teacher:\n    num_heads: 3\n"),
            "x.yaml:2: train.teacher: hidden_size 64 is not divisible by num_heads 3");
  example::ModelConfig alone;
  EXPECT_EQ(thrown<ConfigError>([&] { read(parse("num_heads: 3", "x.yaml"), alone); }),
            "x.yaml:1: hidden_size 64 is not divisible by num_heads 3");
}

TEST(ReaderTest, AbsentSectionsAreValidatedToo) {
  Config config;
  config.model.num_heads = 3;
  EXPECT_EQ(thrown<ConfigError>([&] { read(parse("\nname: x\n", "x.yaml"), config); }),
            "x.yaml:2: model: hidden_size 64 is not divisible by num_heads 3");
}

TEST(ReaderTest, ARefusalChangesNothing) {
  Config config;
  EXPECT_THROW(read(parse("name: y\nmodel: {hidden_size: 8}\ntrain: {clip: x}\n", "x.yaml"), config), ConfigError);
  EXPECT_EQ(config, Config{});
}

TEST(ReaderTest, AssignedValuesNameTheOption) {
  Value root = parse("name: x\n", "x.yaml");
  assign(root, "model.num_heads", "abc");
  Config config;
  EXPECT_EQ(thrown<ConfigError>([&] { read(root, config); }),
            "--set: model.num_heads must be a whole number of at least 1, not 'abc'");
}

}  // namespace
}  // namespace pixnerd::config
