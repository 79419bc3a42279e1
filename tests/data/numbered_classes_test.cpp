#include "data/numbered_classes.h"

#include <gtest/gtest.h>

namespace pixnerd::data {
namespace {

TEST(NumberedClasses, NumbersThatAreNotTheLabelsGetAWord) {
  EXPECT_NE(word_on_numbers({"0", "1", "10", "2"}).find("'10' has label 2"), std::string::npos);
  EXPECT_NE(word_on_numbers({"1", "2"}).find("'1' has label 0"), std::string::npos);
}

TEST(NumberedClasses, OthersNeedNone) {
  EXPECT_EQ(word_on_numbers({"0", "1", "2"}), "");
  EXPECT_EQ(word_on_numbers({"00", "01", "02"}), "");
  EXPECT_EQ(word_on_numbers({"0", "1", "cat"}), "");
  EXPECT_EQ(word_on_numbers({}), "");
  EXPECT_EQ(word_on_numbers({"0", "99999999999999999999999"}), "");
}

}  // namespace
}  // namespace pixnerd::data
