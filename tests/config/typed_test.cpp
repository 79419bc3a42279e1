#include "config/typed.h"

#include <gtest/gtest.h>

#include "tests/config/example.h"
#include "tests/core/thrown.h"

namespace pixnerd::config {
namespace {

using example::Config;

Config with(const std::string& key, const std::string& text) {
  Value root;
  assign(root, key, text);
  Config config;
  read(root, config);
  return config;
}

std::string complaint(const std::string& key, const std::string& text) {
  return thrown<ConfigError>([&] { with(key, text); });
}

TEST(TypedTest, ATextIsTakenAsItIs) {
  for (const char* text :
       {"my pics #2", "#1",    "*",   "&a",  "{a}", "[a, b]", "a: b", "null", "~",           "true", "5",
        "'x'",        "\"x\"", " a ", "- a", "!x",  "%x",     "@x",   "|",    "caf\xC3\xA9", "a\nb", "'"}) {
    EXPECT_EQ(with("name", text).name, text);
  }
}

TEST(TypedTest, NumbersNamesAndTruthAreReadAsInYaml) {
  EXPECT_EQ(with("model.hidden_size", "128").model.hidden_size, 128);
  EXPECT_EQ(with("model.hidden_size", " 128 ").model.hidden_size, 128);
  EXPECT_EQ(with("model.hidden_size", "0100").model.hidden_size, 100);  // decimal
  EXPECT_EQ(with("train.learning_rate", "1e-3").train.learning_rate, 1e-3);
  EXPECT_TRUE(with("verbose", "true").verbose);
  EXPECT_EQ(with("solver", "off").solver, example::Solver::off);
  EXPECT_EQ(complaint("model.hidden_size", "0x10"),
            "--set: model.hidden_size must be a whole number of at least 1, not '0x10'");
  EXPECT_EQ(complaint("model.hidden_size", "'128'"),
            "--set: model.hidden_size must be a whole number of at least 1, not ''128''");
  EXPECT_EQ(complaint("solver", "#"), "--set: solver must be one of euler, heun, off, not '#'");
}

TEST(TypedTest, ListsHaveCommasAndMayHaveBrackets) {
  const std::vector<int64_t> three{1, 2, 3};
  for (const char* text : {"1,2,3", "[1, 2, 3]", " [1,2 ,3] "}) {
    EXPECT_EQ(with("train.milestones", text).train.milestones, three) << text;
  }
  EXPECT_EQ(with("train.milestones", "7").train.milestones, std::vector<int64_t>{7});
  EXPECT_TRUE(with("train.milestones", "[]").train.milestones.empty());
  EXPECT_EQ(with("train.betas", "0.5,0.75").train.betas, (std::array<double, 2>{0.5, 0.75}));
  EXPECT_EQ(with("solvers", "heun,off").solvers, (std::vector{example::Solver::heun, example::Solver::off}));
  EXPECT_EQ(complaint("train.milestones", "1,,2"), "--set: train.milestones[1] must be a whole number, not ''");
  EXPECT_EQ(complaint("train.betas", "1"), "--set: train.betas must be a list of 2, not a list of 1");
}

TEST(TypedTest, TextsInListsAreTakenAsTheyAre) {
  const auto texts = [](const std::string& text) {
    std::vector<std::string> items;
    read_member(typed_value(text, "--set"), "include", Constraint{}, items);
    return items;
  };
  EXPECT_EQ(texts("food-*, #a ,{b}"), (std::vector<std::string>{"food-*", "#a", "{b}"}));
  EXPECT_EQ(texts("['a, b', \"c\", d's]"), (std::vector<std::string>{"a, b", "c", "d's"}));
  EXPECT_EQ(texts("null"), std::vector<std::string>{"null"});
}

TEST(TypedTest, NothingIsNullOrNone) {
  EXPECT_EQ(with("train.clip", "2").train.clip, 2.0);
  for (const char* text : {"null", "none", "~"}) EXPECT_FALSE(with("train.clip", text).train.clip) << text;
}

TEST(TypedTest, SectionsAreYaml) {
  EXPECT_EQ(with("model", "{hidden_size: 8, num_heads: 2}").model.num_heads, 2);
  EXPECT_EQ(with("train.teacher", "{num_heads: 8}").train.teacher->num_heads, 8);
  EXPECT_FALSE(with("train.teacher", "null").train.teacher);
  EXPECT_EQ(with("extra", "[1, {a: b}]").extra, parse("[1, {a: b}]", "x.yaml"));
  EXPECT_EQ(complaint("extra", "'x"), "--set extra: a quote is not closed");
  EXPECT_EQ(complaint("model", "{num_heads: x}"),
            "--set: model.num_heads must be a whole number of at least 1, not 'x'");
}

}  // namespace
}  // namespace pixnerd::config
