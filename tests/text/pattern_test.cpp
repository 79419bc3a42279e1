#include "text/pattern.h"

#include <gtest/gtest.h>

#include <vector>

#include "core/errors.h"
#include "tests/core/thrown.h"

namespace pixnerd::text {
namespace {

std::vector<std::string> matches(const Pattern& pattern, const std::string& text) {
  std::vector<std::string> found;
  pattern.for_each_match(text, [&](size_t begin, size_t end) { found.push_back(text.substr(begin, end - begin)); });
  return found;
}

using Texts = std::vector<std::string>;

TEST(Pattern, KnowsUnicode) {
  const auto expression = [](const char* text) { return Pattern::expression(text, "x"); };
  EXPECT_EQ(matches(expression(R"(\p{L}+)"), "ab1\u00e9\u4e2d \u0410"), (Texts{"ab", "\u00e9\u4e2d", "\u0410"}));
  EXPECT_EQ(matches(expression(R"([^\s\p{L}]+)"), "a12 \u30003"), (Texts{"12", "3"}));
  EXPECT_EQ(matches(expression("(?i:'s)"), "'s 'S '\u017f"), (Texts{"'s", "'S", "'\u017f"}));
  EXPECT_EQ(matches(expression(R"([\u4e00-\x{4e10}\x41])"), "\u4e05A\u4e11"), (Texts{"\u4e05", "A"}));
}

TEST(Pattern, KnowsCharactersAsOnigurumaDoes) {
  const auto expression = [](const char* text) { return Pattern::expression(text, "x"); };
  EXPECT_EQ(matches(expression(R"(\s)"), "\u180e\u0085\u2028"), (Texts{"\u0085", "\u2028"}));
  EXPECT_EQ(matches(expression(R"(\S)"), "\u180e\u0085"), (Texts{"\u180e"}));
  // U+31350 came with Unicode 15, U+2EBF0 with 15.1, U+16130 with 16.
  EXPECT_EQ(matches(expression(R"([\p{L}]+)"), "\U00031350\U0002ebf0\U00016130"), (Texts{"\U00031350\U0002ebf0"}));
  EXPECT_EQ(matches(expression(R"(\p{N})"), "\U00031350\U00016130"), (Texts{"\U00016130"}));
  EXPECT_EQ(matches(expression(R"(\P{L}+)"), "\U00031350\U00016130"), (Texts{"\U00016130"}));
}

TEST(Pattern, GoesOnBehindEmptyMatches) {
  EXPECT_EQ(matches(Pattern::expression("x*", "p"), "xxa\u4e2dx"), (Texts{"xx", "", "x"}));
  EXPECT_EQ(matches(Pattern::expression("", "p"), ""), Texts{""});
}

TEST(Pattern, TakesALiteralAsItIs) {
  EXPECT_EQ(matches(Pattern::literal("a.", "p"), "ab a."), Texts{"a."});
}

TEST(Pattern, NamesWhatItDoesNotTake) {
  const auto refused = [](const char* text) { return thrown<DataError>([&] { Pattern::expression(text, "field"); }); };
  EXPECT_EQ(refused(R"(\w+)"), "field: \\w in a regular expression is not supported");
  EXPECT_EQ(refused(R"(a\h)"), "field: \\h in a regular expression is not supported");
  EXPECT_EQ(refused(R"(^a)"), "field: ^ in a regular expression is not supported");
  EXPECT_EQ(refused("(*UTF)a"), "field: (*UT in a regular expression is not supported");
  EXPECT_EQ(refused("(?m)a"), "field: (?m) in a regular expression is not supported");
  EXPECT_EQ(refused("[a[b]]"), "field: [b in a regular expression is not supported");
  EXPECT_EQ(refused("[a&&b]"), "field: && in a regular expression is not supported");
  EXPECT_EQ(refused("[a"), "field: [ in a regular expression is not closed");
  EXPECT_EQ(refused("[]a]"), "field: [] in a regular expression is not supported");
  EXPECT_EQ(refused("a{,2}"), "field: { in a regular expression begins no {n}, {n,} or {n,m}");
  EXPECT_EQ(refused("a{1,2}+"), "field: }+ in a regular expression is not supported");
  EXPECT_EQ(refused(R"(\p{Han})"), "field: \\p{Han} in a regular expression is not supported");
  EXPECT_EQ(refused(R"(\xe9)"), "field: \\x in a regular expression is a byte and no character; write \\x{...}");
  EXPECT_EQ(refused("a)"), "field is no regular expression: unmatched closing parenthesis");
}

}  // namespace
}  // namespace pixnerd::text
