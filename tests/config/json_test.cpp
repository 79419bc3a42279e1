#include "config/json.h"

#include <gtest/gtest.h>
#include <pthread.h>

#include "core/errors.h"
#include "core/text.h"
#include "tests/core/thrown.h"

namespace pixnerd::config {
namespace {

using Kind = Value::Kind;

Value json(std::string_view text) {
  return parse_json(text, "a.json");
}

std::string refusal(std::string_view text) {
  return thrown<ConfigError>([&] { json(text); });
}

std::string repeated(const std::string& unit, size_t count) {
  std::string text;
  for (size_t i = 0; i < count; ++i) text += unit;
  return text;
}

TEST(ParseJsonTest, BuildsTheTreeInItsOrder) {
  const Value value = json(" {\"b\": [1, \"x\", null, {}], \"a\": {\"c\": true, \"\": []}}\r\n");
  ASSERT_EQ(value.kind, Kind::map);
  ASSERT_EQ(value.fields.size(), 2u);
  EXPECT_EQ(value.fields[0].first, "b");
  EXPECT_EQ(value.fields[1].first, "a");
  const Value& list = *value.find("b");
  ASSERT_EQ(list.kind, Kind::list);
  ASSERT_EQ(list.items.size(), 4u);
  EXPECT_EQ(list.items[0], plain_value("1"));
  EXPECT_EQ(list.items[1], text_value("x"));
  EXPECT_EQ(list.items[2].kind, Kind::null);
  EXPECT_EQ(list.items[3].kind, Kind::map);
  EXPECT_EQ(value.at("a").at("c"), plain_value("true"));
  EXPECT_EQ(value.at("a").at("").kind, Kind::list);
}

TEST(ParseJsonTest, ValuesNameTheirSourceAndNoLine) {
  const Value value = json("{\n\"a\": [\n\"x\", 1, null]}");
  EXPECT_EQ(where(value), "a.json");
  for (const Value& item : value.at("a").items) EXPECT_EQ(where(item), "a.json");
}

TEST(ParseJsonTest, NumbersKeepTheirText) {
  for (const char* number : {"0", "-0", "12", "-12", "1.50", "-0.0", "1e3", "1E+03", "18446744073709551615",
                             "-9223372036854775808", "123456789012345678901234567890", "1e-999"}) {
    EXPECT_EQ(json(number), plain_value(number)) << number;
  }
}

TEST(ParseJsonTest, TextStaysText) {
  EXPECT_EQ(json("\"12\""), text_value("12"));
  EXPECT_TRUE(json("\"12\"").quoted);
  EXPECT_TRUE(json("\"true\"").quoted);
  EXPECT_TRUE(json("\"\"").quoted);
  EXPECT_EQ(json("\"gr\\u00fcn \\ud83e\\udd8a\\n\\u0000\"").scalar, std::string("grün 🦊\n\0", 12));
}

TEST(ParseJsonTest, RefusesWhatIsNotJson) {
  for (const char* text :
       {"",       " ",       "{",       "[1,]",  "{\"a\":1,}", "{a: 1}",    "{'a': 1}", "[1] 2", "[1][2]",
        "01",     "+1",      ".5",      "1.",    "NaN",        "-Infinity", "nul",      "True",  "\"a",
        "\"\t\"", "\"\\x\"", "// c\n1", "[1 2]", "{\"a\" 1}",  "{1: 2}",    "]"}) {
    EXPECT_EQ(refusal(text).rfind("a.json: not valid JSON in UTF-8 at byte ", 0), 0u) << text;
  }
  EXPECT_EQ(refusal("[1, x]"), "a.json: not valid JSON in UTF-8 at byte 5");
  EXPECT_EQ(refusal("[1, 1e999]"), "a.json: the number that ends at byte 9 is too large");
  EXPECT_EQ(refusal(std::string_view("1\0 rest", 7)), "a.json: has a zero byte at byte 2");
}

TEST(ParseJsonTest, RefusesWhatIsNotUtf8) {
  for (const char* text : {"\"\xFF\"", "\"\xC3\"", "\"\xED\xA0\x80\"", "\"\xC0\x80\"", "\"\\ud800\"", "\"\\udc00x\"",
                           "{\"\xFF\": 1}", "\xFF", "\xFF\xFE[\0"}) {
    EXPECT_EQ(refusal(text).rfind("a.json: not valid JSON in UTF-8 at byte ", 0), 0u) << text;
  }
  EXPECT_EQ(json("\xEF\xBB\xBF[1]"), json("[1]"));  // with a byte order mark
}

TEST(ParseJsonTest, RefusesKeysThatAppearTwice) {
  EXPECT_EQ(refusal("{\"a\": 1, \"b\": 2, \"a\": 3}"), "a.json: the key 'a' appears twice");
  EXPECT_EQ(refusal("[{\"x\\n\": {}, \"x\\u000a\": 3}]"), "a.json: the key 'x?' appears twice");
  EXPECT_EQ(json("{\"a\": {\"x\": 1}, \"b\": {\"x\": 2, \"a\": 3}}").at("b").at("a").scalar, "3");
}

TEST(ParseJsonTest, LimitsSizeDepthAndCount) {
  const auto nested = [](size_t depth) { return repeated("[", depth) + repeated("]", depth); };
  EXPECT_EQ(json(nested(32)).kind, Kind::list);
  EXPECT_EQ(refusal(nested(33)), "a.json: nested deeper than 32 levels");
  EXPECT_EQ(refusal(repeated("{\"a\":", 33)), "a.json: nested deeper than 32 levels");
  EXPECT_EQ(json("[" + repeated("1,", 99'998) + "1]").items.size(), 99'999u);
  EXPECT_EQ(refusal("[" + repeated("1,", 99'999) + "1]"), "a.json: more than 100000 values");
  EXPECT_EQ(json("\"" + std::string((1 << 20) - 2, 'x') + "\"").scalar.size(), (1u << 20) - 2);
  EXPECT_EQ(refusal(std::string((1 << 20) + 1, ' ')), "a.json: larger than 1048576 bytes");
}

// As much text as the stack is large: the parser does not recurse with the text.
TEST(ParseJsonTest, BombsDoNotExhaustTheStack) {
  const auto bombs = [](void*) -> void* {
    for (const char* unit : {"[", "{\"a\":", "[{\"a\":", "\"", "\\", "-", "0", "[],", "{},", "\xFF"}) {
      try {
        json(repeated(unit, (1 << 18) / std::string_view(unit).size()));
      } catch (const ConfigError&) {
      }
    }
    return nullptr;
  };
  pthread_attr_t small;
  pthread_t thread;
  pthread_attr_init(&small);
  ASSERT_EQ(pthread_attr_setstacksize(&small, 256 << 10), 0);
  ASSERT_EQ(pthread_create(&thread, &small, bombs, nullptr), 0);
  pthread_join(thread, nullptr);
  pthread_attr_destroy(&small);
}

TEST(ToJsonTest, IsCompactAndInOrder) {
  EXPECT_EQ(to_json(parse("{b: [1, x, null, []], a: {c: true, d: '7'}, e: }", "x.yaml")),
            R"({"b":[1,"x",null,[]],"a":{"c":true,"d":"7"},"e":null})");
  EXPECT_EQ(to_json(text_value("a \"b\"\\\n\t\x01 ü/")), R"("a \"b\"\\\n\t\u0001 ü/")");
  EXPECT_EQ(to_json(text_value("a\nb")).find('\n'), std::string::npos);
}

TEST(ToJsonTest, WhatIsNoJsonNumberBecomesText) {
  for (const char* text :
       {"nan", "inf", "-inf", "+1", ".5", "1.", "0x10", "01", "1e", "True", "yes", "1e999", "12 ", " 12", "1,2", ""}) {
    EXPECT_EQ(to_json(plain_value(text)), concat("\"", text, "\"")) << text;
  }
  EXPECT_EQ(to_json(plain_value(std::string("1\0", 2))), "\"1\\u0000\"");
  for (const char* text : {"0", "-0", "1.50", "1e-05", "-12", "true", "false", "123456789012345678901234567890"}) {
    EXPECT_EQ(to_json(plain_value(text)), text);
  }
}

TEST(ToJsonTest, ReadsBackAsTheSameValue) {
  for (const char* text :
       {"null", "12", "-0", "-0.0", "1e-05", "\"\"", "\"12\"", "\"true\"", "\"null\"", "\"~\"", "\"a b\"", "[]", "{}",
        R"({"z":[1,[2,[]],{"a":null}],"":"","ü\n":"\u0000\u007f\u2028","1":"1e5","m":{"n":false}})"}) {
    EXPECT_EQ(json(to_json(json(text))), json(text)) << text;
  }
  Value all;
  all.kind = Kind::list;
  for (int c = 0; c < 128; ++c) all.items.push_back(text_value(std::string(2, static_cast<char>(c))));
  for (const char* number : {"0", "1.5", "-7", "1e300"}) all.items.push_back(plain_value(number));
  EXPECT_EQ(json(to_json(all)), all);
}

TEST(ToJsonTest, RefusesTextThatIsNotUtf8) {
  EXPECT_EQ(thrown<ConfigError>([] { to_json(text_value("a\xFF")); }), "the text 'a?' is not UTF-8");
  Value map;
  map.kind = Kind::map;
  map.fields.emplace_back("\xC3", plain_value("1"));
  EXPECT_THROW(to_json(map), ConfigError);
}

}  // namespace
}  // namespace pixnerd::config
