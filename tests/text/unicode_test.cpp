#include "text/unicode.h"

#include <gtest/gtest.h>

#include "core/text.h"

namespace pixnerd::text {
namespace {

// The example of the Unicode Standard, table 3-8, and what else Python's decoder was asked.
TEST(Unicode, ReplacesMaximalSubparts) {
  EXPECT_EQ(repaired("\x61\xF1\x80\x80\xE1\x80\xC2\x62\x80\x63\x80\xBF\x64"),
            "a\ufffd\ufffd\ufffdb\ufffdc\ufffd\ufffdd");
  EXPECT_EQ(repaired("\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41"),
            "\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd"
            "A");
  EXPECT_EQ(repaired("\xF4\x91\x92\x93\xFF\x41\x80\xBF\x42"),
            "\ufffd\ufffd\ufffd\ufffd\ufffdA\ufffd\ufffd"
            "B");
  EXPECT_EQ(repaired("\u00e9\u4e2d"), "\u00e9\u4e2d");
}

TEST(Unicode, Composes) {
  EXPECT_EQ(nfc("e\u0301"), "\u00e9");
  EXPECT_EQ(nfc("\u1100\u1161\u11a8"), "\uac01");
  EXPECT_EQ(nfc("a\u0327\u0301b"),
            "\u00e1\u0327"
            "b");
  EXPECT_EQ(nfc("\u212b"), "\u00c5");
  EXPECT_EQ(nfc("caf\u00e9"), "caf\u00e9");
}

// U+07FD came with Unicode 11 and would go behind U+0334 by its combining class.
TEST(Unicode, LeavesWhatUnicode9DoesNotKnow) {
  EXPECT_EQ(nfc("a\u07fd\u0334"), "a\u07fd\u0334");
  EXPECT_EQ(nfc("a\u0345\u0334"), "a\u0334\u0345");
}

// In their order the marks of a run are found by class, whatever the run's length; marks that are two in one, such as
// U+0344 and U+0F73, take part, and a later character parts two runs.
TEST(Unicode, OrdersLongRunsOfMarks) {
  for (const size_t n : {3U, 31U, 64U, 65U, 1000U}) {
    const auto many = [&](const char* part) {
      std::string all;
      for (size_t i = 0; i < n; ++i) all += part;
      return all;
    };
    const std::string acute = many("\u0301"), grave_below = many("\u0316"), both = many("\u0301\u0316");
    EXPECT_EQ(nfc(concat("x", both, "y")), concat("x", grave_below, acute, "y"));
    EXPECT_EQ(nfc(concat("e", both)), concat("\u00e9", grave_below, acute.substr(2)));
    EXPECT_EQ(nfc(concat("q", many("\u0344\u0f73\u0316"))),
              concat("q", many("\u0f71"), many("\u0f72"), grave_below, many("\u0308\u0301")));
    EXPECT_EQ(nfc(concat("x", acute, "\u07fd\u0316")), concat("x", acute, "\u07fd\u0316"));
    EXPECT_EQ(nfc(concat(many("\u4e2d"), both, many("\U0001d16e\u0316"))),
              concat(many("\u4e2d"), many("\U0001d16e"), grave_below, grave_below, acute));
  }
}

// Half a minute, were it the square.
TEST(Unicode, OrdersAMegabyteOfMarks) {
  std::string text = "x", expected = "x";
  for (size_t i = 0; i < 250'000; ++i) text += "\u0301\u0316";
  for (size_t i = 0; i < 250'000; ++i) expected += "\u0316";
  for (size_t i = 0; i < 250'000; ++i) expected += "\u0301";
  EXPECT_EQ(nfc(text), expected);
}

TEST(Unicode, KnowsSpacesAndWords) {
  EXPECT_TRUE(is_space(0x3000));
  EXPECT_FALSE(is_space(0x180e));
  for (const int32_t each : {0x61, 0x5f, 0x39, 0x4e2d, 0x301, 0x200d}) EXPECT_TRUE(is_word(each)) << each;
  for (const int32_t each : {0x2d, 0x20, 0xb2}) EXPECT_FALSE(is_word(each)) << each;
  EXPECT_EQ(first_character("\u4e2da").bytes, 3U);
  EXPECT_EQ(last_character("a\u4e2d").value, 0x4e2d);
}

}  // namespace
}  // namespace pixnerd::text
