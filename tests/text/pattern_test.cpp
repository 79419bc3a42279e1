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
  EXPECT_EQ(matches(expression(R"([^\P{L}a]+)"), "a\U00031350\U00016130"), (Texts{"\U00031350"}));
}

TEST(Pattern, GoesOnBehindEmptyMatches) {
  EXPECT_EQ(matches(Pattern::expression("x*", "p"), "xxa\u4e2dx"), (Texts{"xx", "", "x"}));
  EXPECT_EQ(matches(Pattern::expression("", "p"), ""), Texts{""});
}

TEST(Pattern, TakesALiteralAsItIs) {
  EXPECT_EQ(matches(Pattern::literal("a.", "p"), "ab a."), Texts{"a."});
  EXPECT_EQ(matches(Pattern::literal("(\\p{L}[", "p"), "(\\p{L}["), Texts{"(\\p{L}["});
}

TEST(Pattern, KnowsTheSyntaxOfOniguruma) {
  const auto expression = [](const char* text) { return Pattern::expression(text, "x"); };
  EXPECT_EQ(matches(expression(R"(^\w+$)"), "a1\nb c\n\u00e9"), (Texts{"a1", "\u00e9"}));  // of lines
  EXPECT_EQ(matches(expression("[a-c&&[^b]]+"), "abc"), (Texts{"a", "c"}));
  EXPECT_EQ(matches(expression("a{,2}b"), "aaab"), (Texts{"aab"}));
  EXPECT_EQ(matches(expression(R"((?<x>a)\k<x>)"), "aab"), (Texts{"aa"}));
}

TEST(Pattern, SaysWhatIsNoExpression) {
  const auto refused = [](const std::string& text) {
    return thrown<DataError>([&] { Pattern::expression(text, "field"); });
  };
  EXPECT_EQ(refused("a)"), "field is no regular expression: unmatched close parenthesis");
  EXPECT_EQ(refused("[a"), "field is no regular expression: premature end of char-class");
  EXPECT_EQ(refused(R"(\p{Martian})"), "field is no regular expression: invalid character property name {Martian}");
  EXPECT_EQ(refused("\\p{\x01}"), "field is no regular expression: invalid character property name {?}");
  EXPECT_EQ(refused(R"(\xe9)"), "field is no regular expression: too short multibyte code string");
  EXPECT_EQ(refused(std::string(1000, '(') + std::string(1000, ')')),
            "field is no regular expression: parse depth limit over");
  EXPECT_EQ(refused(std::string(10'001, 'a')), "field is longer than 10000 bytes");
  for (const char* left_out : {"(*FAIL)", "(*COUNT[x]{X})a", "(?{call})", "(?{{call}})", "(?~ab)", "(?~|ab|c)"}) {
    EXPECT_NE(refused(left_out).find("is no regular expression"), std::string::npos) << left_out;
  }
}

TEST(Pattern, GivesUpAtItsLimits) {
  const auto given_up = [](const char* text, size_t count) {
    const Pattern pattern = Pattern::expression(text, "field");
    return thrown<DataError>([&] { matches(pattern, std::string(count, 'a')); });
  };
  EXPECT_EQ(given_up("(?:a|a)+b", 1000), "field gives up on a text: retry-limit-in-match over");
  EXPECT_EQ(given_up(R"((?<x>a\g<x>?b))", 200'000), "field gives up on a text: retry-limit-in-search over");
  EXPECT_EQ(given_up(R"([a-z]+(?![^b]))", size_t{5} << 20), "field gives up on a text: match-stack limit over");
}

}  // namespace
}  // namespace pixnerd::text
