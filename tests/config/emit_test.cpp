#include <gtest/gtest.h>

#include "config/value.h"
#include "core/errors.h"
#include "tests/core/thrown.h"

namespace pixnerd::config {
namespace {

TEST(EmitTest, WritesBlocksAndShortLists) {
  const std::string text =
      "a: 1\n"
      "b:\n"
      "  c: [1, x y, \"q: r\"]\n"
      "  d: []\n"
      "  e: {}\n"
      "  f: null\n"
      "g:\n"
      "  - h: 1\n"
      "    i:\n"
      "      - [2]\n"
      "  - - [3]\n"
      "    - []\n";
  EXPECT_EQ(to_text(parse(text, "x")), text);
}

TEST(EmitTest, WritesOneLine) {
  EXPECT_EQ(to_line(parse("a: [1, {b: c}]\nd: 'e'\n", "x")), "{a: [1, {b: c}], d: \"e\"}");
  EXPECT_EQ(to_line(Value{}), "null");
  EXPECT_EQ(to_text(Value{}), "null\n");
}

TEST(EmitTest, EveryDocumentReadsBack) {
  for (const char* text : {"",
                           "a",
                           "'a'",
                           "5",
                           "'5'",
                           "[]",
                           "{}",
                           "[[], [[1]], {a: {}}]",
                           "- - - a\n- b: {c: [d]}\n",
                           "'null': null",
                           "'a: b': 'c #d'",
                           "a: |\n  one\n\n  two\n",
                           "a: |+\n  x\n\n",
                           "a: ' x '",
                           "\xC3\xA4: \xF0\x9F\x98\x80",
                           "'---': '...'",
                           "a: \"\\0\\a\\e\\t\\r\\n\\\\ \\\" \\u2028\\u2029\\u0085\\uFEFF\\x7f\"",
                           "'-': '- a'",
                           "'?': '!x'",
                           "a: 'b,c'",
                           "a: b\n c\n"}) {
    const Value value = parse(text, "x");
    EXPECT_EQ(parse(to_text(value), "y"), value) << text << "\nbecame\n" << to_text(value);
    EXPECT_EQ(parse(to_line(value), "y"), value) << text << "\nbecame\n" << to_line(value);
  }
}

TEST(EmitTest, TextValuesReadBackAsTheirText) {
  for (const char* text :
       {"", "a", "5", "true", "null", "~", "-", "a: b", "  ", "no", "1e5", "\n", "emoji \xF0\x9F\x98\x80"}) {
    const Value value = text_value(text);
    const Value again = parse(to_text(value), "x");
    EXPECT_EQ(again.kind, Value::Kind::scalar) << text;
    EXPECT_EQ(again.scalar, text);
    EXPECT_EQ(again, value);
  }
  EXPECT_EQ(to_line(text_value("emoji64")), "emoji64");
  EXPECT_EQ(to_line(text_value("5")), "\"5\"");
  EXPECT_EQ(to_line(plain_value("5")), "5");
}

TEST(EmitTest, EscapesWhatOtherReadersTakeForALineEnd) {
  EXPECT_EQ(to_line(text_value("\n\r\xC2\x85\xE2\x80\xA8\xE2\x80\xA9\xEF\xBB\xBF\x01\"\\")),
            "\"\\n\\x0D\\u0085\\u2028\\u2029\\uFEFF\\x01\\\"\\\\\"");
}

TEST(EmitTest, UnsafePlainScalarsAreQuotedAllTheSame) {
  EXPECT_EQ(to_line(plain_value("a: b\n- c")), "\"a: b\\n- c\"");
}

TEST(EmitTest, RefusesTextThatIsNotUtf8) {
  EXPECT_EQ(thrown<ConfigError>([] { to_text(text_value("a\xFF")); }), "the text 'a?' is not UTF-8");
}

}  // namespace
}  // namespace pixnerd::config
