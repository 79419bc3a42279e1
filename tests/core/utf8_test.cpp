#include "core/utf8.h"

#include <gtest/gtest.h>

namespace pixnerd {
namespace {

TEST(Utf8Test, ReadsTheFirstCharacter) {
  const auto expect = [](std::string_view text, char32_t value, size_t bytes) {
    const Utf8Character first = first_utf8(text);
    EXPECT_EQ(first.value, value);
    EXPECT_EQ(first.bytes, bytes);
  };
  expect("a", U'a', 1);
  expect("\xC3\xA4x", U'\u00e4', 2);
  expect("\xE2\x82\xAC", U'\u20ac', 3);
  expect("\xED\x9F\xBF", U'\ud7ff', 3);
  expect("\xF0\x9F\x98\x80", U'\U0001f600', 4);
  expect("\xF4\x8F\xBF\xBF", U'\U0010ffff', 4);
  expect(std::string_view("\0a", 2), U'\0', 1);
}

TEST(Utf8Test, RefusesAnythingElse) {
  for (const char* bad :
       {"", "\x80", "\xC0\x80", "\xC1\xBF", "\xC3", "\xC3(", "\xE0\x9F\xBF", "\xE2\x82", "\xE2\x28\xA1", "\xED\xA0\x80",
        "\xF0\x8F\xBF\xBF", "\xF0\x9F\x98", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF"}) {
    EXPECT_EQ(first_utf8(bad).bytes, 0U) << bad;
  }
}

TEST(Utf8Test, ChecksWholeTexts) {
  EXPECT_TRUE(is_utf8(""));
  EXPECT_TRUE(is_utf8("a\xC3\xA4\xF0\x9F\x98\x80z"));
  EXPECT_FALSE(is_utf8("a\xC3\xA4\xF0\x9F\x98"));
  EXPECT_FALSE(is_utf8("0123456789\xed\xa0\x80"));
}

TEST(Utf8Test, FindsWhereACharacterBegins) {
  const std::string_view text = "a\xE2\x82\xAC\x82z";
  for (const size_t inside : {1, 2, 3}) EXPECT_EQ(utf8_start(text, inside), 1U);
  for (const size_t other : {0, 4, 5, 6}) EXPECT_EQ(utf8_start(text, other), other);
}

}  // namespace
}  // namespace pixnerd
