#include "image/text.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <thread>

#include "core/errors.h"
#include "tests/image/pictures.h"
#include "tests/image/test_fonts.h"

namespace pixnerd::image {
namespace {

constexpr Colour kInk{255, 255, 255};
constexpr int kMost = std::numeric_limits<int>::max(), kLeast = std::numeric_limits<int>::min();

// White on black, standing at (8, 24) of 96 x 32 pixels.
Image drawn(std::u32string_view text, int pixel_size = 16) {
  Image image = blank(96, 32);
  draw_text(image, 8, 24, text, {pixel_size, kInk});
  return image;
}

// The sum of all levels of a part, in fully covered pixels.
double ink(const Image& image, Rectangle part) {
  double sum = 0;
  for (int y = part.y; y < part.y + part.height; ++y) {
    for (int x = part.x; x < part.x + part.width; ++x) sum += image.row(y)[x * 3] / 255.0;
  }
  return sum;
}

double ink(const Image& image) {
  return ink(image, {0, 0, image.width, image.height});
}

TEST(Text, InkStaysInItsBox) {
  const LineMetrics line = line_metrics(16);
  for (const std::u32string_view text : {U"fox", U"Äpfel jq", U"|", U"é"}) {
    const Image image = drawn(text);
    const int width = static_cast<int>(std::ceil(text_width(text, 16)));
    EXPECT_GT(ink(image), 10) << width;
    EXPECT_EQ(ink(image), ink(image, {7, 24 - line.ascent, width + 2, line.height()})) << width;
  }
}

TEST(Text, StandsOnItsBaseline) {
  const Image image = drawn(U"HEX");
  EXPECT_GT(ink(image, {8, 23, 60, 1}), 2);
  EXPECT_EQ(ink(image, {0, 24, 96, 8}), 0);
  EXPECT_GT(ink(drawn(U"gjp"), {0, 24, 96, 8}), 2);
}

TEST(Text, AVerticalBarIsAsItIs) {
  // A stem and nothing else: columns beside each other, of one level from top to bottom.
  const Image image = drawn(U"l");
  const int middle = 24 - 6;
  double columns = 0;
  for (int x = 0; x < image.width; ++x) {
    EXPECT_EQ(image.row(middle)[x * 3], image.row(middle - 1)[x * 3]);
    columns += image.row(middle)[x * 3] / 255.0;
  }
  EXPECT_NEAR(columns, 1.44, 0.02);  // 184 of 2048 units
}

TEST(Text, EdgesAreSmooth) {
  const Image image = drawn(U"o");
  const auto between = [](uint8_t level) { return level > 0 && level < 255; };
  EXPECT_GT(std::count_if(image.rgb.begin(), image.rgb.end(), between), 20);
}

TEST(Text, ColoursAreMixedWithWhatIsThere) {
  Image image = blank(20, 20);
  std::fill(image.rgb.begin(), image.rgb.end(), uint8_t{200});
  draw_text(image, 2, 18, U"\u2588", {16, {10, 100, 250}});  // a full block
  const uint8_t* pixel = image.row(10) + 8 * 3;
  EXPECT_EQ(pixel[0], 10);
  EXPECT_EQ(pixel[1], 100);
  EXPECT_EQ(pixel[2], 250);
  EXPECT_EQ(image.row(10)[19 * 3], 200);
}

TEST(Text, WidthsAddUp) {
  EXPECT_EQ(text_width(U"", 11), 0);
  for (const int size : {1, 9, 11, 16, 200}) {
    EXPECT_GT(text_width(U"i", size), 0);
    EXPECT_EQ(text_width(U"AVA fox", size), text_width(U"AV", size) + text_width(U"A fox", size));
  }
  EXPECT_NEAR(text_width(U"fox", 200), 10 * text_width(U"fox", 20), 0.01);
  EXPECT_NEAR(text_width(U"m", 2 * 100), 2 * text_width(U"m", 100), 0.01);
}

TEST(Text, ALongerTextGoesOnWhereTheShorterEnded) {
  const Image whole = drawn(U"foxes");
  const Image part = drawn(U"fox");
  const int end = 8 + static_cast<int>(text_width(U"fox", 16)) - 1;
  EXPECT_EQ(ink(whole, {0, 0, end, 32}), ink(part, {0, 0, end, 32}));
  EXPECT_GT(ink(whole), ink(part));
}

TEST(Text, WhatTheFontLacksIsItsBox) {
  const Image box = drawn(U"\U0010FFFE");
  EXPECT_GT(ink(box), 10);
  for (const char32_t character : {U'\0', U'\1', U'\n', U'\x7f', U'\uE000', U'\xFFFFFFFF'}) {
    EXPECT_EQ(drawn(std::u32string(1, character)).rgb, box.rgb) << static_cast<uint32_t>(character);
  }
  EXPECT_NE(drawn(U"\uFFFD").rgb, box.rgb);
  EXPECT_NE(drawn(U"\u0416").rgb, box.rgb);
}

TEST(Text, WhatLiesOutsideIsLeftOut) {
  Image image = blank(10, 10);
  for (const int x : {kLeast, -1000, 1000, kMost}) draw_text(image, x, 8, U"fox", {8, kInk});
  for (const int y : {kLeast, -1000, 1000, kMost}) draw_text(image, 1, y, U"fox", {8, kInk});
  EXPECT_EQ(ink(image), 0);
  draw_text(image, -5, 3, U"mmmmmm", {16, kInk});
  EXPECT_GT(ink(image), 5);
  Image dot = blank(1, 1);
  draw_text(dot, -10, 20, U"\u2588", {kLargestText, kInk});
  EXPECT_EQ(dot.rgb, (std::vector<uint8_t>{255, 255, 255}));
}

TEST(Text, LongTextIsOnlyText) {
  Image image = blank(40, 20);
  const std::u32string long_text(10'000, U'x');
  draw_text(image, 1, 15, long_text, {12, kInk});
  EXPECT_GT(ink(image), 20);
  EXPECT_EQ(text_parts(long_text, 12).size(), long_text.size());
}

// U+202D has what follows it drawn in its order.
TEST(Text, DirectionsAreThoseOfTheScripts) {
  EXPECT_NE(drawn(U"אב").rgb, drawn(U"בא").rgb);
  EXPECT_EQ(drawn(U"אב").rgb, drawn(U"\u202Dבא").rgb);
  EXPECT_EQ(drawn(U"ab אב 12 c").rgb, drawn(U"\u202Dab 12 בא c").rgb);
  EXPECT_EQ(drawn(U"אב cd").rgb, drawn(U"\u202Dcd בא").rgb);
  EXPECT_EQ(drawn(U"(אב").rgb, drawn(U"\u202Dבא)").rgb);
}

TEST(Text, LettersOfJoiningScriptsJoin) {
  const double alone = text_width(U"ب", 16);
  EXPECT_LT(text_width(U"ببب", 16), 2.5 * alone);
  // Kept from it, they are as wide as they are alone.
  EXPECT_EQ(text_width(U"ب\u200Cب", 16), 2 * alone);
  EXPECT_EQ(text_parts(U"ببب", 16).size(), 3);
  EXPECT_EQ(text_parts(U"لا", 16).size(), 1);
  // As in a text of other scripts.
  EXPECT_EQ(text_width(U"fox ببب", 16), text_width(U"fox ", 16) + text_width(U"ببب", 16));
}

TEST(Text, AccentsStandOnTheirLetters) {
  EXPECT_EQ(drawn(U"e\u0301x").rgb, drawn(U"\u00E9x").rgb);
  EXPECT_EQ(text_width(U"x\u0301\u0302", 16), text_width(U"x", 16));
  EXPECT_NE(drawn(U"x\u0301").rgb, drawn(U"x").rgb);
}

TEST(Text, PartsAreWhatPeopleSeeAsOne) {
  const auto begins = [](std::u32string_view text) {
    std::vector<size_t> all;
    for (const TextPart& part : text_parts(text, 16)) all.push_back(part.begin);
    return all;
  };
  EXPECT_EQ(begins(U""), std::vector<size_t>{});
  EXPECT_EQ(begins(U"fox"), (std::vector<size_t>{0, 1, 2}));
  EXPECT_EQ(begins(U"xe\u0301x"), (std::vector<size_t>{0, 1, 3}));
  EXPECT_EQ(begins(U"אבג"), (std::vector<size_t>{0, 1, 2}));
  EXPECT_EQ(begins(U"\U0001F469\u200D\U0001F692\U0001F98A"), (std::vector<size_t>{0, 3}));
  EXPECT_EQ(begins(U"किताब"), (std::vector<size_t>{0, 2, 4}));
  double sum = 0;
  for (const TextPart& part : text_parts(U"fox سلام", 16)) sum += part.width;
  EXPECT_EQ(sum, text_width(U"fox سلام", 16));
}

TEST(Text, WhatTheFontLacksComesFromAnother) {
  const Image box = drawn(std::u32string(1, kNowhere));
  const Image other = drawn(std::u32string(1, kElsewhere));
  EXPECT_NE(other.rgb, box.rgb);
  EXPECT_GT(ink(other), 10);
  // Each part of a text in the font that has it.
  const std::u32string mixed = {U'f', kElsewhere, U'x'};
  EXPECT_EQ(text_width(mixed, 16), text_width(U"fx", 16) + text_width(mixed.substr(1, 1), 16));
  EXPECT_EQ(text_width(U"fx", 16), text_width(U"f", 16) + text_width(U"x", 16));
}

TEST(Text, ColouredLettersKeepTheirColours) {
  const std::u32string coloured(1, kColoured);
  EXPECT_EQ(text_width(coloured, 16), 20);
  for (const uint8_t ground : {0, 255}) {
    Image image = blank(96, 64);
    std::fill(image.rgb.begin(), image.rgb.end(), ground);
    draw_text(image, 8, 24, coloured, {16, kInk});
    const auto pixel = [&](int x, int y) {
      const uint8_t* levels = image.row(y) + x * 3;
      return std::vector<int>{levels[0], levels[1], levels[2]};
    };
    const std::vector<int> orange{240, 120, 20}, blue{ground * 127 / 255, ground * 127 / 255, ground == 0 ? 128 : 255};
    const std::vector<int> untouched{ground, ground, ground};
    EXPECT_EQ(pixel(9, 15), untouched);
    EXPECT_EQ(pixel(10, 10), orange);
    EXPECT_EQ(pixel(17, 25), orange);
    EXPECT_EQ(pixel(18, 15), blue);
    EXPECT_EQ(pixel(25, 25), blue);
    EXPECT_EQ(pixel(26, 15), untouched);
    EXPECT_EQ(pixel(18, 9), untouched);
    // Twice as large, and at the picture's edge.
    draw_text(image, 40, 50, coloured, {32, kInk});
    EXPECT_EQ(pixel(45, 24), orange);
    EXPECT_EQ(pixel(74, 52), blue);
    draw_text(image, -10, 24, coloured, {16, kInk});
    EXPECT_EQ(pixel(0, 15), blue);
  }
}

TEST(Text, KnowsWhatNoFontHas) {
  for (const std::u32string_view text :
       {U"", U"fox \u00E9 e\u0301", U"سلام", U"שלום", U"\u2764\uFE0F", U"a\u200Db\u202Ec"}) {
    EXPECT_EQ(missing_characters(text), U"");
  }
  EXPECT_EQ(missing_characters(std::u32string{kElsewhere, kColoured}), U"");
  EXPECT_EQ(missing_characters(std::u32string{U'a', kNowhere, kElsewhere, kNowhere}), std::u32string(2, kNowhere));
  EXPECT_EQ(missing_characters(U"a\nb\u0001\uE000"), U"\n\u0001\uE000");
  EXPECT_EQ(missing_characters(U"\U0001F469\u200D\U0001F692"), U"\U0001F469\U0001F692");
  // Of letters and signs that no font has together, each counts.
  EXPECT_EQ(missing_characters(U"x\u093F"), U"\u093F");
  EXPECT_EQ(missing_characters(std::u32string{kElsewhere, U'\u093F'}), U"\u093F");
}

TEST(Text, EveryTimeAndInEveryThreadTheSame) {
  const Image here = drawn(U"fox", 11);
  drawn(U"other", 30);
  EXPECT_EQ(drawn(U"fox", 11).rgb, here.rgb);
  Image there;
  std::thread([&] { there = drawn(U"fox", 11); }).join();
  EXPECT_EQ(there.rgb, here.rgb);
}

TEST(Text, SizesHaveBounds) {
  Image image = blank(4, 4);
  for (const int size : {0, -1, kLargestText + 1}) {
    EXPECT_THROW(text_width(U"x", size), DataError) << size;
    EXPECT_THROW(line_metrics(size), DataError) << size;
    EXPECT_THROW(draw_text(image, 0, 0, U"x", {size, kInk}), DataError) << size;
  }
  image.rgb.pop_back();
  EXPECT_THROW(draw_text(image, 0, 0, U"x", {12, kInk}), DataError);
}

}  // namespace
}  // namespace pixnerd::image
