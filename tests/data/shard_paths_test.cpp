#include "data/shard_paths.h"

#include "tests/data/folders.h"

namespace pixnerd::data {
namespace {

using Names = std::vector<std::string>;

class ShardPathsTest : public testing::Test {
 protected:
  ShardPathsTest() {
    for (const char* name : {"s/00000.tar", "s/00001.tar", "s/00003.tar", "s/val-0.tar", "t/00000.tar"}) {
      write_text(folder_ / name, "");
    }
  }

  ShardPaths find(const std::string& pattern) const { return find_shard_paths(folder_ / pattern); }
  std::string refusal(const std::string& pattern) const {
    return error_of([&] { find(pattern); });
  }

  TemporaryFolder folder_;
};

TEST_F(ShardPathsTest, OfAFolderAreItsTarFiles) {
  EXPECT_EQ(find("s").names, (Names{"00000.tar", "00001.tar", "00003.tar", "val-0.tar"}));
  EXPECT_EQ(find("s").folder, folder_ / "s");
  write_text(folder_ / "s/0.png", "");
  write_text(folder_ / "s/1.svg", "");
  write_text(folder_ / "s/index", "");
  EXPECT_EQ(find("s").unused.lines(),
            (Names{"1 picture in formats that are not read: 1 .svg", "1 picture beside the shards: '0.png'",
                   "1 other file: 1 without an ending"}));
}

TEST_F(ShardPathsTest, OfAPatternAreTheFilesThatFit) {
  EXPECT_EQ(find("s/{00000..00001}.tar").names, (Names{"00000.tar", "00001.tar"}));
  EXPECT_EQ(find("s/{00000,val-0}.tar").names, (Names{"00000.tar", "val-0.tar"}));
  EXPECT_EQ(find("s/0*.tar").names, (Names{"00000.tar", "00001.tar", "00003.tar"}));
  EXPECT_EQ(find("s/0000[03].tar").names, (Names{"00000.tar", "00003.tar"}));
  EXPECT_EQ(find("{s,t}/0000?.tar").names, (Names{"s/00000.tar", "s/00001.tar", "s/00003.tar", "t/00000.tar"}));
  EXPECT_EQ(find("{s,t}/0000?.tar").folder, folder_.path());
  EXPECT_EQ(find("s/*.tar").folder, folder_ / "s");
}

TEST_F(ShardPathsTest, WhatIsNamedAndMissingIsSaid) {
  const ShardPaths found = find("s/{00000..00003}.tar");
  EXPECT_EQ(found.names.size(), 3u);
  EXPECT_EQ(found.unused.lines(),
            Names{"1 shard missing of those that data.path names: '" + (folder_ / "s/00002.tar").string() + "'"});
}

TEST_F(ShardPathsTest, APatternThatFitsNothingIsExplained) {
  expect_contains(refusal("s/{10..99}.tar"), "none of the 90 shards that it names is there, the first '");
  expect_contains(refusal("s/{10..99}.tar"), "s/99.tar'");
  expect_contains(refusal("s/x*.tar"), "no file fits the pattern");
  expect_contains(refusal("?"), "the pattern fits folders, and names shards");
  expect_contains(refusal("s/{0..9999999}.tar"), "no file fits the pattern");
  expect_contains(refusal("s/{0..999}{0..999}.tar"), "more than 200000 names");
}

TEST_F(ShardPathsTest, ANameWithSuchCharactersIsNoPatternWhereItIsThere) {
  write_text(folder_ / "u/[0].tar", "");
  EXPECT_FALSE(is_shard_pattern(folder_ / "u/[0].tar"));
  EXPECT_TRUE(is_shard_pattern(folder_ / "u/*.tar"));
  EXPECT_EQ(find("u/[0].tar").names, Names{"[0].tar"});
  EXPECT_TRUE(is_there(folder_ / "s/0*.tar") && is_there(folder_ / "s"));
  EXPECT_FALSE(is_there(folder_ / "s/x*.tar") || is_there(folder_ / "x"));
}

}  // namespace
}  // namespace pixnerd::data
