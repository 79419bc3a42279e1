#include "config/value.h"

#include <gtest/gtest.h>

#include <fstream>

#include "core/errors.h"
#include "tests/core/temporary_folder.h"
#include "tests/core/thrown.h"

namespace pixnerd::config {
namespace {

Value doc(const std::string& text) {
  return parse(text, "x.yaml");
}

TEST(ValueTest, FindsFields) {
  const Value value = doc("a: 1\nb: {c: 2}\n");
  ASSERT_NE(value.find("b"), nullptr);
  EXPECT_EQ(value.at("b").at("c").scalar, "2");
  EXPECT_EQ(value.find("c"), nullptr);
  EXPECT_EQ(value.at("a").find("a"), nullptr);
  EXPECT_EQ(thrown<ConfigError>([&] { value.at("b").at("d"); }), "x.yaml:2: there is no 'd'");
}

TEST(ValueTest, EqualityIgnoresLinesAndSourcesOnly) {
  EXPECT_EQ(doc("a: [1, {b: c}]\n"), parse("\n\na:\n- 1\n- b: c\n", "y.yaml"));
  for (const char* other : {"a: [1, {b: d}]", "a: [1]", "b: [1, {b: c}]", "a: ['1', {b: c}]", "a: null", "[]", ""}) {
    EXPECT_FALSE(doc("a: [1, {b: c}]\n") == doc(other)) << other;
  }
}

TEST(ValueTest, WhereIsSourceAndLine) {
  EXPECT_EQ(where(*doc("\na: 1").find("a")), "x.yaml:2");
  Value set;
  set.source = "--set";
  EXPECT_EQ(where(set), "--set");
}

TEST(LoadTest, ReadsAFileAndNamesItInErrors) {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder / "run.yaml";
  std::ofstream(path) << "a: 1\nb: [\n";
  EXPECT_EQ(thrown<ConfigError>([&] { load(path); }).rfind(path.string() + ":3: ", 0), 0u);
  std::ofstream(path) << "a: 1\n";
  EXPECT_EQ(load(path), doc("a: 1"));
  EXPECT_EQ(load(path).at("a").source, path.string());
}

TEST(LoadTest, MissingOrHugeFileIsAConfigError) {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder / "run.yaml";
  EXPECT_EQ(thrown<ConfigError>([&] { load(path); }), "cannot open '" + path.string() + "': No such file or directory");
  std::ofstream(path) << std::string((1 << 20) + 1, '#');
  EXPECT_EQ(thrown<ConfigError>([&] { load(path); }), "cannot read '" + path.string() + "': it is larger than 1.0 MB");
}

TEST(AssignTest, ReplacesAndCreates) {
  Value root = doc("train:\n  steps: 10\n  betas: [0.9, 0.999]\n");
  assign(root, "train.steps", "1000");
  assign(root, "sample.guidance.interval", "[0.1, 1]");
  EXPECT_EQ(root.at("train").at("steps").scalar, "1000");
  EXPECT_TRUE(root.at("train").at("steps").typed);
  EXPECT_EQ(root.at("train").at("betas"), doc("[0.9, 0.999]"));
  EXPECT_EQ(root.at("sample").at("guidance").at("interval").scalar, "[0.1, 1]");
}

TEST(AssignTest, FillsAnEmptyDocumentAndEmptySections) {
  for (const char* nothing : {"null", "{}"}) {
    Value root = doc("");
    assign(root, "a", nothing);
    assign(root, "a.b", "1");
    ASSERT_NE(root.at("a").find("b"), nullptr) << nothing;
    EXPECT_EQ(root.at("a").at("b").scalar, "1");
  }
}

TEST(AssignTest, LiesInASectionThatWasAssigned) {
  Value root = doc("");
  assign(root, "a", "{b: 1, c: [2]}");
  assign(root, "a.b", "3");
  EXPECT_EQ(root.at("a").at("b").scalar, "3");
  EXPECT_EQ(root.at("a").at("c"), doc("[2]"));
}

TEST(AssignTest, SourceIsTheOptionWithoutLines) {
  Value root = doc("a: 1\n");
  assign(root, "b.c", "[1, 2]");
  EXPECT_EQ(where(root.at("b").at("c")), "--set");
  EXPECT_EQ(where(*root.find("b")), "--set");
  EXPECT_EQ(where(*root.find("a")), "x.yaml:1");
}

TEST(AssignTest, RefusesKeysThatAreNone) {
  Value root = doc("a: {b: 1}\n");
  for (const char* key : {"", ".", "a.", ".a", "a..b"}) {
    const std::string message = thrown<ConfigError>([&] { assign(root, key, "1"); });
    EXPECT_EQ(message, "--set: '" + std::string(key) + "' is not a key; write it as train.steps=1000");
  }
  EXPECT_EQ(root, doc("a: {b: 1}\n"));
}

TEST(AssignTest, RefusesAWayThroughAScalarOrAListAndChangesNothing) {
  Value root = doc("a: {b: 1, c: [2]}\n");
  EXPECT_EQ(thrown<ConfigError>([&] { assign(root, "a.b.d", "1"); }),
            "--set: cannot set 'a.b.d': 'd' would lie in a value that is no section");
  EXPECT_THROW(assign(root, "a.c.0", "1"), ConfigError);
  EXPECT_EQ(root, doc("a: {b: 1, c: [2]}\n"));
}

TEST(AssignTest, RefusesNothingAtAllWhatIsNoTextAndWhatIsTooDeep) {
  Value root = doc("");
  EXPECT_EQ(thrown<ConfigError>([&] { assign(root, "a.b", ""); }), "--set a.b: the value is empty");
  EXPECT_EQ(thrown<ConfigError>([&] { assign(root, "a.b", "caf\xe9"); }), "--set a.b: the value is not UTF-8 text");
  std::string deep = "k";
  for (int i = 0; i < 40; ++i) deep += ".k";
  EXPECT_THROW(assign(root, deep, "1"), ConfigError);
  EXPECT_EQ(root, doc(""));
}

}  // namespace
}  // namespace pixnerd::config
