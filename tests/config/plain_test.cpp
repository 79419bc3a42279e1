#include "config/plain.h"

#include <gtest/gtest.h>

namespace pixnerd::config {
namespace {

TEST(CanBePlainTest, AcceptsWordsAndNumbers) {
  for (const char* text : {"a", "a b", "-1", "+1.5e-3", ".5", "/a/b.yaml", "a-b_c", "true", "-.inf", "..", "--x"}) {
    EXPECT_TRUE(can_be_plain(text)) << text;
  }
}

TEST(CanBePlainTest, RefusesWhatMightBeReadOtherwise) {
  for (const char* text :
       {"",  "~",    "null", "Null", "NULL", " a", "a ", "a  b", "-",  "- a", "---", "--- a", "...",  "a:",      "a: b",
        "#", "a #b", "[",    "{",    "\"",   "'",  "&a", "*a",   "!a", "%a",  "@a",  "a,b",   "a\nb", "\xC3\xA4"}) {
    EXPECT_FALSE(can_be_plain(text)) << text;
  }
}

TEST(LooksTypedTest, KnowsNumbersAndTruthValues) {
  for (const char* text :
       {"", "null", "~", "true", "False", "YES", "no", "On", "off", "y", "N", "5", "-1", "+x", ".5"}) {
    EXPECT_TRUE(looks_typed(text)) << text;
  }
  for (const char* text : {"a", "truex", "none", "e5", "inf", "_1"}) EXPECT_FALSE(looks_typed(text)) << text;
}

}  // namespace
}  // namespace pixnerd::config
