#include "engine/profile.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "tests/core/temporary_folder.h"

namespace pixnerd::engine {
namespace {

constexpr Profile::Size kSize{256, 4096};

// An evaluation costs `call` seconds and .01 a row.
void learn(Profile& profile, double call) {
  profile.add(kSize, 2, 1);  // the first counts for nothing
  for (int round = 0; round < 20; ++round) {
    const int64_t rows = profile.rows(kSize);
    for (int i = 0; i < 4; ++i) profile.add(kSize, rows, call + .01 * static_cast<double>(rows) + .001 * i);
  }
}

TEST(Profile, DoublesAsLongAsItPays) {
  Profile costly, cheap;
  learn(costly, .05);
  learn(cheap, .0001);
  EXPECT_EQ(costly.rows(kSize), 128);
  EXPECT_EQ(cheap.rows(kSize), Profile::kLeastRows);
}

// One number of rows was measured while the machine was busy.
TEST(Profile, ADisturbanceDoesNotStopIt) {
  Profile profile;
  profile.add(kSize, 2, 1);  // the first counts for nothing
  for (int64_t rows = 2; rows <= 256; rows *= 2) {
    for (int i = 0; i < 3; ++i)
      profile.add(kSize, rows, (.05 + .01 * static_cast<double>(rows)) * (rows == 16 ? 9 : 1));
  }
  EXPECT_EQ(profile.rows(kSize), 128);
}

TEST(Profile, BeginsWithAsManyRowsAsMake512Tokens) {
  EXPECT_EQ(Profile::first_rows({64, 4096}), 8);
  EXPECT_EQ(Profile::first_rows({100, 4096}), 4);
  EXPECT_EQ(Profile::first_rows({4096, 1 << 20}), Profile::kLeastRows);
  EXPECT_EQ(Profile::first_rows({1, 256}), Profile::kMostRows);
}

TEST(Profile, SizesAreLearntApart) {
  Profile profile;
  learn(profile, .05);
  EXPECT_EQ(profile.rows({1024, 65536}), Profile::kLeastRows);
}

TEST(Profile, AFileKeepsWhatWasLearnt) {
  const TemporaryFolder folder;
  const auto file = folder.path() / "cache" / "profile.json";
  {
    Profile profile(file);
    learn(profile, .05);
    profile.save();
  }
  EXPECT_EQ(Profile(file).rows(kSize), 128);
}

TEST(Profile, AFileThatSaysNonsenseCountsForNothing) {
  const TemporaryFolder folder;
  for (const char* text : {"", "{", "7", "[[1]]", "[[256, 4096, 2, -1]]", "[[256, 4096, 3, 1]]", "[[\"x\", 1, 2, 3]]",
                           "[[256, 4096, 1e300, 1]]", "[[256, 4096, 2, 1], 5]"}) {
    const auto file = folder.path() / "profile.json";
    std::ofstream(file) << text;
    Profile profile(file);
    learn(profile, .05);
    EXPECT_EQ(profile.rows(kSize), 128) << text;
  }
}

TEST(Profile, AFileThatCannotBeWrittenIsNoError) {
  Profile profile("/proc/nothing/profile.json");
  learn(profile, .05);
  profile.save();
}

TEST(Profile, LiesInTheUsersCacheFolder) {
  ::setenv("XDG_CACHE_HOME", "/somewhere", 1);
  EXPECT_EQ(profile_file("a").parent_path(), "/somewhere/pixnerd/profiles");
  EXPECT_NE(profile_file("a"), profile_file("b"));
  ::unsetenv("XDG_CACHE_HOME");
}

}  // namespace
}  // namespace pixnerd::engine
