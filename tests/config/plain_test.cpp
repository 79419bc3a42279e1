#include "config/plain.h"

#include <gtest/gtest.h>

namespace pixnerd::config {
namespace {

TEST(Utf8LengthTest, MeasuresWellFormedCharacters) {
  EXPECT_EQ(utf8_length("a"), 1u);
  EXPECT_EQ(utf8_length("\xC3\xA4x"), 2u);
  EXPECT_EQ(utf8_length("\xE2\x82\xAC"), 3u);
  EXPECT_EQ(utf8_length("\xED\x9F\xBF"), 3u);
  EXPECT_EQ(utf8_length("\xF0\x9F\x98\x80"), 4u);
  EXPECT_EQ(utf8_length("\xF4\x8F\xBF\xBF"), 4u);
}

TEST(Utf8LengthTest, IsZeroForAnythingElse) {
  for (const char* bad :
       {"", "\x80", "\xC0\x80", "\xC1\xBF", "\xC3", "\xC3(", "\xE0\x9F\xBF", "\xE2\x82", "\xE2\x28\xA1", "\xED\xA0\x80",
        "\xF0\x8F\xBF\xBF", "\xF0\x9F\x98", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF"}) {
    EXPECT_EQ(utf8_length(bad), 0u);
  }
}

TEST(Utf8Test, ChecksWholeTexts) {
  EXPECT_TRUE(is_utf8(""));
  EXPECT_TRUE(is_utf8("a\xC3\xA4\xF0\x9F\x98\x80z"));
  EXPECT_FALSE(is_utf8("a\xC3\xA4\xF0\x9F\x98"));
}

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
