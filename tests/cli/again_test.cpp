// `pixnerd sample --again` of records as they come from elsewhere, and the seeds in them.
#include <algorithm>
#include <fstream>

#include "core/text.h"
#include "image/codec.h"
#include "sample/record.h"
#include "tests/cli/program.h"
#include "tests/sample/tiny_model.h"

namespace pixnerd::cli {
namespace {

namespace fs = std::filesystem;
using Arguments = std::vector<std::string>;

class AgainTest : public testing::Test {
 protected:
  AgainTest() { sample::write_tiny_model(folder_ / "tiny.safetensors", sample::tiny_description()); }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  Outcome sample(const Arguments& more, const std::string& out) const {
    Arguments arguments{"sample", "--threads", "1", "--out", path(out)};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return program_(arguments);
  }

  // One picture into a folder; the line of its manifest.
  std::string drawn(const std::string& folder, const Arguments& more) const {
    Arguments arguments{"--checkpoint", path("tiny.safetensors"), "--classes", "0"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Outcome outcome = sample(arguments, folder);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return checkpoint::read_whole(path(folder + "/manifest.jsonl"));
  }

  void write(const std::string& name, const std::string& text) const { std::ofstream(path(name)) << text; }

  static std::string replaced(std::string text, const std::string& old, const std::string& fresh) {
    const size_t at = text.find(old);
    EXPECT_NE(at, std::string::npos) << old << " is not in " << text;
    return at == std::string::npos ? text : text.replace(at, old.size(), fresh);
  }

  TemporaryFolder folder_;
  Program program_;
};

TEST_F(AgainTest, PicturesOfDifferentStepsAreAnimatedTogether) {
  std::string lines;
  for (const char* steps : {"3", "8", "5"}) {
    lines += replaced(drawn(steps, {"--steps", steps}), "00000.png", concat(steps, ".png"));
  }
  write("m.jsonl", lines);
  const Outcome outcome = sample({"--again", path("m.jsonl"), "--animate", path("a.webp")}, "again");
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_TRUE(outcome.says("a.webp: 8 frames")) << outcome.out;
  for (const char* steps : {"3", "8", "5"}) {
    EXPECT_EQ(image::read_image(path(concat("again/", steps, ".png"))).rgb,
              image::read_image(path(concat(steps, "/00000.png"))).rgb);
  }
}

// Earlier versions wrote down what a picture was computed beside, which makes no difference any more: neither batches
// nor threads are what a stranger's record says.
TEST_F(AgainTest, TheCompanyInOldRecordsIsReadAndLeftOut) {
  const std::string good = drawn("a", {"--guidance", "3"});
  for (const char* field : {"\"batch\":", "\"place\":", "\"threads\":"}) EXPECT_EQ(good.find(field), std::string::npos);
  std::string lines;
  for (int i = 0; i < 20; ++i) {
    const std::string company = concat("\"threads\":4096,\"batch\":65536,\"place\":", i * 3276, ",\"label\":0");
    lines += replaced(good, "\"label\":0", company);
  }
  write("m.jsonl", lines);
  const Outcome outcome = program_({"sample", "--again", path("m.jsonl"), "--out", path("b")});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_TRUE(outcome.says("20 pictures")) << outcome.out;
  const auto expected = image::read_image(path("a/00000.png")).rgb;
  for (const char* name : {"b/00000.png", "b/00007.png", "b/00019.png"}) {
    EXPECT_EQ(image::read_image(path(name)).rgb, expected) << name;
    EXPECT_EQ(checkpoint::read_whole(path(name)).find("\"batch\":"), std::string::npos);
  }
}

TEST_F(AgainTest, WhatARecordStatesIsBounded) {
  const std::string good = drawn("a", {});
  for (const auto& [field, value] : {std::pair("\"steps\":4", "\"steps\":1000000000"),
                                     {"\"steps\":4", "\"steps\":9223372036854775807"},
                                     {"\"label\":0", "\"batch\":1000000000,\"label\":0"},
                                     {"\"label\":0", "\"place\":-1,\"label\":0"},
                                     {"\"label\":0", "\"threads\":1000000,\"label\":0"}}) {
    write("m.jsonl", replaced(good, field, value));
    expect_error(sample({"--again", path("m.jsonl")}, "b"), 1, std::string(value).substr(1, 5));
    EXPECT_FALSE(std::filesystem::exists(path("b")));
  }
}

TEST_F(AgainTest, ARecordNamesNoFolder) {
  const std::string folder = folder_.path().string();
  EXPECT_EQ(drawn("a", {}).find(folder), std::string::npos);
  EXPECT_EQ(checkpoint::read_whole(path("a/00000.png")).find(folder), std::string::npos);
  EXPECT_EQ(sample::read_records(path("a/00000.png")).front().checkpoint, "tiny.safetensors");
  EXPECT_EQ(sample::read_records(path("a/manifest.jsonl")).front().checkpoint, "tiny.safetensors");
}

TEST_F(AgainTest, WeightsAreLookedForWhereThePictureIs) {
  drawn("a", {});
  fs::create_directories(path("far/below"));
  fs::copy_file(path("a/00000.png"), path("far/below/x.png"));
  const Arguments again{"--again", path("far/below/x.png")};
  expect_error(sample(again, "b.png"), 1, "'tiny.safetensors', which is neither beside it nor in the current folder");
  EXPECT_EQ(sample({"--again", path("a/00000.png")}, "above.png").code, 0);
  fs::rename(path("tiny.safetensors"), path("far/below/tiny.safetensors"));
  EXPECT_EQ(sample(again, "beside.png").code, 0);
  // Of several the one that holds the same.
  fs::rename(path("far/below/tiny.safetensors"), path("far/tiny.safetensors"));
  sample::write_tiny_model(folder_ / "far/below/tiny.safetensors", sample::tiny_description(), 2);
  const Outcome outcome = sample(again, "same.png");
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_FALSE(outcome.complains("has changed")) << outcome.err;
  const auto expected = image::read_image(path("a/00000.png")).rgb;
  for (const char* name : {"above.png", "beside.png", "same.png"}) {
    EXPECT_EQ(image::read_image(path(name)).rgb, expected) << name;
  }
  const Outcome other =
      sample({"--again", path("a/00000.png"), "--checkpoint", path("far/below/tiny.safetensors")}, "o.png");
  EXPECT_EQ(other.code, 0) << other.err;
  EXPECT_TRUE(other.complains("is not what the picture was drawn with")) << other.err;
}

TEST_F(AgainTest, RecordsOfEarlierVersionsHavePaths) {
  const std::string line = drawn("a", {});
  fs::create_directories(path("old"));
  write("old/m.jsonl", replaced(line, "\"tiny.safetensors\"", concat('"', path("tiny.safetensors"), '"')));
  EXPECT_EQ(sample({"--again", path("old/m.jsonl")}, "b").code, 0);
  fs::create_directories(path("old/x"));
  write("old/x/m.jsonl", replaced(line, "\"tiny.safetensors\"", "\"gone/tiny.safetensors\""));
  expect_error(sample({"--again", path("old/x/m.jsonl")}, "c"), 1, "--checkpoint");
  fs::rename(path("tiny.safetensors"), path("old/x/tiny.safetensors"));
  EXPECT_EQ(sample({"--again", path("old/x/m.jsonl")}, "c").code, 0);
}

TEST_F(AgainTest, PicturesWithoutARecord) {
  drawn("a", {});
  const Arguments bare{"--checkpoint", path("tiny.safetensors"), "--classes", "0", "--no-record"};
  ASSERT_EQ(sample(bare, "bare.png").code, 0);
  expect_error(sample({"--again", path("bare.png")}, "b.png"), 1, "does not say how it was made");
  ASSERT_EQ(sample(bare, "bare").code, 0);
  EXPECT_FALSE(fs::exists(path("bare/manifest.jsonl")));
  expect_error(sample({"--again", path("bare/00000.png")}, "b.png"), 1, "does not say how it was made");
  // The line of a picture that was replaced goes with it.
  Arguments over = bare;
  over.insert(over.end(), {"--seed", "5", "--overwrite"});
  ASSERT_EQ(sample(over, "a").code, 0);
  EXPECT_EQ(checkpoint::read_whole(path("a/manifest.jsonl")), "");
}

// Noise on the CPU depends on the low 32 bits of a seed alone.
TEST_F(AgainTest, SeedsHave64BitsAndMayBeNegative) {
  for (const auto& [seed, same] :
       {std::pair("18446744073709551615", "4294967295"), {"-1", "4294967295"}, {"-9223372036854775808", "0"}}) {
    const std::string a = concat("a", seed), b = concat("b", seed), c = concat("c", seed);
    drawn(a, {"--seed", seed});
    drawn(b, {"--seed", same});
    const auto expected = image::read_image(path(b + "/00000.png")).rgb;
    EXPECT_EQ(image::read_image(path(a + "/00000.png")).rgb, expected) << seed;
    const Outcome again = sample({"--again", path(a + "/00000.png")}, c + ".png");
    EXPECT_EQ(again.code, 0) << again.err;
    EXPECT_EQ(image::read_image(path(c + ".png")).rgb, expected) << seed;
  }
}

}  // namespace
}  // namespace pixnerd::cli
