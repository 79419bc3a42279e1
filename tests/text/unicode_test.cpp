#include "text/unicode.h"

#include <gtest/gtest.h>

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
  EXPECT_TRUE(is_utf8("0123456789\u00e9\u4e2d\U0001f600"));
  EXPECT_FALSE(is_utf8("0123456789\xe4\xb8"));
  EXPECT_FALSE(is_utf8("\xed\xa0\x80"));
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
