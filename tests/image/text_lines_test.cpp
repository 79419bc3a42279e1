#include "image/text_lines.h"

#include <gtest/gtest.h>

#include <limits>

#include "core/errors.h"
#include "image/text.h"

namespace pixnerd::image {
namespace {

using Lines = std::vector<std::u32string>;
using namespace std::string_literals;

constexpr int kSize = 11;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

double width(std::u32string_view text) {
  return text_width(text, kSize);
}

Lines broken(std::u32string_view text, double room, int max_lines = 2) {
  return break_lines(text, kSize, room, max_lines);
}

TEST(DecodeUtf8, GivesTheCharacters) {
  EXPECT_EQ(decode_utf8(""), U"");
  EXPECT_EQ(decode_utf8("fox"), U"fox");
  EXPECT_EQ(decode_utf8("a\u00e4\u20ac\U0001F98A\u07ff\u0800\uffff\U0010ffff"),
            U"a\u00e4\u20ac\U0001F98A\u07ff\u0800\uffff\U0010ffff");
  EXPECT_EQ(decode_utf8("a\0b\n\x7f"s), U"a\0b\n\x7f"s);
}

TEST(DecodeUtf8, WhatIsNoneBecomesReplacements) {
  const auto replaced = [](size_t bytes) {
    std::u32string text(bytes + 2, U'\uFFFD');
    text.front() = U'<';
    text.back() = U'>';
    return text;
  };
  const std::vector<std::string> malformed = {
      "\x80",              // goes on, but nothing was begun
      "\xff",              // in no UTF-8
      "\xc3",              // cut short
      "\xe2\x82",          //
      "\xf0\x9f\xa6",      //
      "\xc0\xaf",          // longer than need be
      "\xe0\x9f\xbf",      //
      "\xf0\x8f\xbf\xbf",  //
      "\xed\xa0\x80",      // half of a surrogate pair
      "\xf4\x90\x80\x80",  // beyond U+10FFFF
      "\xf5\x80\x80\x80",  //
  };
  for (const std::string& bytes : malformed) {
    EXPECT_EQ(decode_utf8("<" + bytes + ">"), replaced(bytes.size())) << bytes.size();
    EXPECT_EQ(decode_utf8("<" + bytes).size(), 1 + bytes.size());
  }
}

TEST(DecodeUtf8, EndsInAnEllipsisWhereItIsTooLong) {
  EXPECT_EQ(decode_utf8(std::string(kMostCharacters, 'x')), std::u32string(kMostCharacters, U'x'));
  EXPECT_EQ(decode_utf8(std::string(100'000'000, 'x')), std::u32string(kMostCharacters, U'x') + U"\u2026");
}

TEST(BreakLines, WhatFitsIsOneLine) {
  EXPECT_EQ(broken(U"red heart", width(U"red heart")), Lines{U"red heart"});
  EXPECT_EQ(broken(U"red heart", kInfinity), Lines{U"red heart"});
  EXPECT_EQ(broken(U"  fox ", width(U"fox")), Lines{U"fox"});
}

TEST(BreakLines, NothingIsNoLine) {
  EXPECT_EQ(broken(U"", 50), Lines{});
  EXPECT_EQ(broken(U"   ", 50), Lines{});
}

TEST(BreakLines, BreaksAtSpaces) {
  EXPECT_EQ(broken(U"red heart", width(U"red heart") - 0.1), (Lines{U"red", U"heart"}));
  EXPECT_EQ(broken(U"red   heart", width(U"heart")), (Lines{U"red", U"heart"}));
  EXPECT_EQ(broken(U"one two three", width(U"three"), 3), (Lines{U"one", U"two", U"three"}));
}

TEST(BreakLines, LinesAreEven) {
  const std::u32string text = U"grinning face with sweat";
  const double room = width(U"grinning face with") + 1;
  EXPECT_EQ(broken(text, room), (Lines{U"grinning face", U"with sweat"}));
  // Not at the price of a broken word.
  EXPECT_EQ(broken(U"rhinoceros of it", width(U"rhinoceros of")), (Lines{U"rhinoceros", U"of it"}));
}

TEST(BreakLines, WhatDoesNotFitBecomesAnEllipsis) {
  const Lines lines = broken(U"smiling face with sunglasses", width(U"smiling face"));
  ASSERT_EQ(lines.size(), 2);
  EXPECT_EQ(lines[0], U"smiling face");
  EXPECT_TRUE(lines[1].starts_with(U"with ")) << lines[1].size();
  EXPECT_EQ(lines[1].back(), U'\u2026');
  EXPECT_LE(width(lines[1]), width(U"smiling face"));
  // No space before it.
  EXPECT_EQ(broken(U"fox in a box", width(U"fox ") + width(U"\u2026"), 1), Lines{U"fox\u2026"});
}

TEST(BreakLines, AWordWiderThanALineIsBroken) {
  EXPECT_EQ(broken(U"iiiiiiii", width(U"iiiii")), (Lines{U"iiiii", U"iii"}));
  const Lines lines = broken(U"a iiiiiiiiiiiiiiii", width(U"iiiiiiiii"));
  EXPECT_EQ(lines[0], U"a");
  EXPECT_TRUE(lines[1].starts_with(U"iii") && lines[1].back() == U'\u2026');
}

TEST(BreakLines, WhatPeopleSeeAsOneStaysTogether) {
  const std::u32string accented = U"x\u0301\u0302";
  EXPECT_EQ(broken(accented + accented, 0), (Lines{accented, accented}));
  EXPECT_EQ(broken(accented + accented, width(U"x")), (Lines{accented, accented}));
  EXPECT_EQ(broken(U"किताब", 0, 3), (Lines{U"कि", U"ता", U"ब"}));
  EXPECT_EQ(broken(accented + accented + accented, width(U"x") + width(U"\u2026"), 1), Lines{accented + U"\u2026"});
  // An accent on a space makes it no place to break at.
  EXPECT_EQ(broken(U"aa \u0301bb", width(U"aa ")), (Lines{U"aa \u0301", U"bb"}));
}

TEST(BreakLines, LettersThatNoLongerJoinStillFit) {
  const std::u32string word(30, U'\u0628');
  for (double room = 12; room < 90; ++room) {
    for (const std::u32string& line : broken(word, room)) EXPECT_LE(width(line), room) << room;
  }
}

TEST(BreakLines, AllLinesGoTheWayOfTheText) {
  EXPECT_EQ(broken(U"שלום fox", width(U"שלום")), (Lines{U"שלום", U"\u200Ffox"}));
  EXPECT_EQ(broken(U"fox שלום", width(U"שלום")), (Lines{U"fox", U"שלום"}));
  EXPECT_EQ(broken(U"שלום שלום", width(U"שלום")), (Lines{U"שלום", U"שלום"}));
}

TEST(BreakLines, ALineHasACharacterWhateverItsWidth) {
  EXPECT_EQ(broken(U"ab", 0), (Lines{U"a", U"b"}));
  EXPECT_EQ(broken(U"abc", 0), (Lines{U"a", U"\u2026"}));
  EXPECT_EQ(broken(U"abc", 0, 1), Lines{U"\u2026"});
}

TEST(BreakLines, HostileTextIsOnlyText) {
  const std::vector<std::string> texts = {
      std::string(100'000'000, 'x'),
      std::string(1'000'000, ' '),
      std::string(5000, '\0'),
      std::string(1'000'000, '\xff'),
      "a\nb\tc\r",
      "\u202efox\u0301\u0301\u200d\ufe0f",
      std::string("\u200f\u0628") + std::string(1000, '\n'),
      "\u0301\u200d\u202e\u2067\u0627\u0644\u2069\ud7ff\uffff",
  };
  for (const std::string& text : texts) {
    for (const double room : {0.0, 1.0, 88.0, 1e300, kInfinity}) {
      const Lines lines = broken(decode_utf8(text), room);
      EXPECT_LE(lines.size(), 2);
      for (const std::u32string& line : lines) EXPECT_FALSE(line.empty());
    }
  }
}

TEST(BreakLines, WidthsAndLinesHaveBounds) {
  EXPECT_THROW(broken(U"x", -1), DataError);
  EXPECT_THROW(broken(U"x", std::numeric_limits<double>::quiet_NaN()), DataError);
  EXPECT_THROW(broken(U"x", 10, 0), DataError);
  EXPECT_THROW(break_lines(U"x", 0, 10, 1), DataError);
}

}  // namespace
}  // namespace pixnerd::image
