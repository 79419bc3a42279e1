#include <gtest/gtest.h>
#include <pthread.h>

#include "config/value.h"
#include "core/errors.h"
#include "core/text.h"
#include "tests/core/thrown.h"

namespace pixnerd::config {
namespace {

using Kind = Value::Kind;

Value doc(const std::string& text) {
  return parse(text, "x.yaml");
}

std::string refusal(const std::string& text) {
  return thrown<ConfigError>([&] { doc(text); });
}

std::string repeated(const std::string& unit, size_t bytes) {
  std::string text;
  while (text.size() + unit.size() <= bytes) text += unit;
  return text;
}

TEST(ParseTest, BuildsTheTree) {
  const Value value = doc("# comment\na: 1\nb:\n  - x y\n  - 'q'\n  - null\nc: {d: [], e: {}}\nf:\n");
  ASSERT_EQ(value.kind, Kind::map);
  ASSERT_EQ(value.fields.size(), 4u);
  EXPECT_EQ(value.fields[0].first, "a");
  EXPECT_EQ(value.fields[0].second.kind, Kind::scalar);
  const Value& list = *value.find("b");
  ASSERT_EQ(list.kind, Kind::list);
  ASSERT_EQ(list.items.size(), 3u);
  EXPECT_EQ(list.items[0].scalar, "x y");
  EXPECT_EQ(list.items[2].kind, Kind::null);
  EXPECT_EQ(value.at("c").at("d").kind, Kind::list);
  EXPECT_EQ(value.at("c").at("e").kind, Kind::map);
  EXPECT_EQ(value.at("f").kind, Kind::null);
}

TEST(ParseTest, KnowsWhatIsQuoted) {
  for (const char* plain : {"5", "-1.5e-3", "true", "abc", "a b", "+.inf", "a/b.c_d"}) {
    EXPECT_FALSE(doc(plain).quoted) << plain;
    EXPECT_EQ(doc(plain).scalar, plain);
  }
  for (const char* quoted : {"'5'", "\"true\"", "'null'", "|\n  text\n", ">-\n  text\n", "http://x:80/#y", "! 5"}) {
    EXPECT_TRUE(doc(quoted).quoted) << quoted;
    EXPECT_EQ(doc(quoted).kind, Kind::scalar) << quoted;
  }
  EXPECT_EQ(doc("~").kind, Kind::null);
}

TEST(ParseTest, LineOfAFieldIsThatOfItsKey) {
  const Value value = doc("a: 1\n\nb:\n\n  c:\n    - 1\n    - 2\n");
  EXPECT_EQ(value.line, 1);
  EXPECT_EQ(value.at("b").line, 3);
  EXPECT_EQ(value.at("b").at("c").line, 5);
  EXPECT_EQ(value.at("b").at("c").items[1].line, 7);
  EXPECT_EQ(value.at("b").at("c").items[1].source, "x.yaml");
}

TEST(ParseTest, TextsWithoutContentAreNull) {
  for (const char* text : {"", "\n", "# only a comment", "---", "---\n", "...\n"}) {
    EXPECT_EQ(doc(text).kind, Kind::null) << text;
    EXPECT_EQ(doc(text).line, 1) << text;
  }
}

TEST(ParseTest, AcceptsDocumentMarksLineEndsAndByteOrderMark) {
  for (const char* text : {"---\na: 1\n", "a: 1\n...\n", "a: 1\r\n",
                           "\xEF\xBB\xBF"
                           "a: 1",
                           "a: 1"}) {
    EXPECT_EQ(doc(text), doc("{a: 1}")) << text;
  }
}

TEST(ParseTest, RefusesASecondDocument) {
  EXPECT_EQ(refusal("a: 1\n---\nb: 2\n"), "x.yaml:2: something follows after the end of the document");
  EXPECT_EQ(refusal("\"a\" b"), "x.yaml:1: something follows after the end of the document");
}

TEST(ParseTest, RefusesAnchorsAliasesTagsAndDirectives) {
  EXPECT_EQ(refusal("a: 1\nb: &x 1\n"), "x.yaml:2: anchors (&name) are not supported; write the value out");
  EXPECT_EQ(refusal("a: 1\nb: &x\n"), "x.yaml:2: anchors (&name) are not supported; write the value out");
  EXPECT_EQ(refusal("&x a: 1\n"), "x.yaml:1: anchors (&name) are not supported; write the value out");
  EXPECT_EQ(refusal("a: [&x [1]]\n"), "x.yaml:1: anchors (&name) are not supported; write the value out");
  EXPECT_EQ(refusal("a: 1\nb: *x\n"), "x.yaml:2: aliases (*name) are not supported; write the value out");
  EXPECT_EQ(refusal("a: !!int 3\n"), "x.yaml:1: tags ('tag:yaml.org,2002:int') are not supported");
  EXPECT_EQ(refusal("a: !t [3]\n"), "x.yaml:1: tags ('!t') are not supported");
  EXPECT_EQ(refusal("a: !t {b: 3}\n"), "x.yaml:1: tags ('!t') are not supported");
  EXPECT_EQ(refusal("# c\n%YAML 1.2\n---\na: 1\n"), "x.yaml:2: directives (%NAME) are not supported");
}

TEST(ParseTest, RefusesKeysThatAreNoTextOrAppearTwice) {
  EXPECT_EQ(refusal("a: 1\nb: 2\na: 3\n"), "x.yaml:3: the key 'a' appears twice");
  EXPECT_EQ(refusal("{a: 1, 'a': 3}"), "x.yaml:1: the key 'a' appears twice");
  EXPECT_EQ(refusal("? [a]\n: 1\n"), "x.yaml:1: a key must be text, not a list or a map");
  EXPECT_EQ(refusal("? {a: b}\n: 1\n"), "x.yaml:1: a key must be text, not a list or a map");
  EXPECT_EQ(refusal("a: 1\n: 1\n"), "x.yaml:2: a key is missing before ':'");
  EXPECT_EQ(refusal("'': 1\n"), "x.yaml:1: a key is missing before ':'");
  EXPECT_EQ(refusal("~: 1\n"), "x.yaml:1: a key is missing before ':'");
  EXPECT_EQ(refusal(std::string(201, 'k') + ": 1"), "x.yaml:1: a key has more than 200 bytes");
  EXPECT_EQ(doc("{a: {x: 1}, b: {x: 2}}").at("b").at("x").scalar, "2");
}

TEST(ParseTest, ExplainsCommonMistakes) {
  EXPECT_EQ(refusal("a: \"x\nb: 3\n"), "x.yaml:3: a quote is not closed");
  EXPECT_EQ(refusal("a: 'x\nb: 3"), "x.yaml:3: a quote is not closed");
  EXPECT_EQ(refusal("a: 1\n\tb: 2\n"), "x.yaml:2: indent with spaces, not with tabs");
  EXPECT_EQ(refusal("a: [1, 2\nb: 3\n"), "x.yaml:2: not valid YAML: end of sequence flow not found");
  EXPECT_EQ(refusal("a: @x\n"), "x.yaml:1: a value cannot begin like this; put it in quotes");
  EXPECT_EQ(refusal("a: 1\n  b: 2\n").rfind("x.yaml:2: a ':' where none can be", 0), 0u);
}

TEST(ParseTest, RefusesWhatIsNoText) {
  EXPECT_EQ(refusal("a: 1\nb: \xFF\n"), "x.yaml:2: not UTF-8 text");
  EXPECT_EQ(refusal("\xFF\xFE"
                    "a\0"),
            "x.yaml:1: not UTF-8 text");
  EXPECT_EQ(refusal(std::string("a: \0", 4)), "x.yaml:1: contains a control character");
  EXPECT_EQ(refusal("a: \x1b[31m"), "x.yaml:1: contains a control character");
  EXPECT_EQ(refusal("a: \"\\N\""), "x.yaml:1: an escape in this text makes it something else than UTF-8");
  EXPECT_THROW(doc("a: \"\\uD800\""), ConfigError);
}

TEST(ParseTest, KeepsUnicodeAndEscapes) {
  EXPECT_EQ(doc("'grinning \xF0\x9F\x98\x80'").scalar, "grinning \xF0\x9F\x98\x80");
  EXPECT_EQ(doc("\"\\u20ac\\t\\x41\"").scalar, "\xE2\x82\xAC\tA");
}

TEST(ParseTest, LimitsDepth) {
  const auto nested = [](size_t depth) { return std::string(depth, '[') + "1" + std::string(depth, ']'); };
  EXPECT_EQ(doc(nested(32)).kind, Kind::list);
  EXPECT_EQ(refusal(nested(33)), "x.yaml:1: nested deeper than 32 levels");
  EXPECT_EQ(refusal(repeated("- ", 100)), "x.yaml:1: nested deeper than 32 levels");
  std::string block;
  for (size_t i = 0; i < 33; ++i) block += std::string(i, ' ') + "a:\n";
  EXPECT_EQ(refusal(block), "x.yaml:33: nested deeper than 32 levels");
}

TEST(ParseTest, LimitsSizeAndCount) {
  EXPECT_EQ(doc(std::string(1 << 20, 'a')).scalar.size(), size_t{1} << 20);
  EXPECT_EQ(refusal(std::string((1 << 20) + 1, 'a')), "x.yaml: larger than 1048576 bytes");
  EXPECT_EQ(refusal("[" + repeated("1,", 250'000) + "1]"), "x.yaml:1: more than 100000 values");
}

// As much text as the stack is large: neither the parser nor the tree recurses with the text.
TEST(ParseTest, BombsExhaustNeitherStackNorTime) {
  const auto bombs = [](void*) -> void* {
    constexpr size_t kBytes = 1 << 18;
    for (const char* unit : {"[",  "{", "- ", "? ",    ": ",      "[{",     "{a: ", "[? ", "!",   "&a ", "*a ",
                             "\"", "'", "]",  "---\n", "a: &a\n", "- - [[", "%",    "|\n", "?\n", "[],", "{},"}) {
      for (const char* end : {"", "\n"}) {
        try {
          doc(repeated(unit, kBytes - 1) + end);
        } catch (const ConfigError&) {
        }
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

// The classic alias bomb: without the refusal it would stand for 10^9 values.
TEST(ParseTest, AliasBombIsRefusedAtItsFirstAnchor) {
  std::string text = "a0: &a0 [x]\n";
  for (int i = 1; i < 10; ++i) {
    text += concat("a", i, ": &a", i, " [", repeated(concat("*a", i - 1, ", "), 60), "]\n");
  }
  EXPECT_EQ(refusal(text), "x.yaml:1: anchors (&name) are not supported; write the value out");
}

}  // namespace
}  // namespace pixnerd::config
