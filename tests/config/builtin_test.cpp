#include "config/builtin.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "config/value.h"
#include "core/file.h"

namespace pixnerd::config {
namespace {

TEST(BuiltinTest, HoldsEveryFileOfConfigsExactly) {
  std::vector<std::string> expected;
  for (const auto& entry : std::filesystem::directory_iterator("configs")) {
    if (entry.path().extension() != ".yaml") continue;
    expected.push_back(entry.path().stem().string());
    ASSERT_TRUE(builtin(expected.back()).has_value()) << expected.back();
    EXPECT_EQ(*builtin(expected.back()), read_file(entry.path(), 1 << 20));
  }
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(builtin_names(), expected);
}

TEST(BuiltinTest, EveryTextIsYaml) {
  for (const std::string& name : builtin_names()) EXPECT_NO_THROW(parse(*builtin(name), name + ".yaml")) << name;
}

TEST(BuiltinTest, UnknownNamesGiveNothing) {
  EXPECT_FALSE(builtin("no_such_config").has_value());
  EXPECT_FALSE(builtin("").has_value());
}

}  // namespace
}  // namespace pixnerd::config
