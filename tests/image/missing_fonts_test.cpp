#include "image/missing_fonts.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "core/utf8.h"
#include "tests/image/test_fonts.h"

namespace pixnerd::image {
namespace {

std::string said(const std::vector<Label>& labels) {
  return missing_fonts(labels);
}

TEST(MissingFonts, NothingIsSaidOfWhatCanBeDrawn) {
  EXPECT_EQ(said({}), "");
  EXPECT_EQ(said({{"fox", "noto"}, {"Ünïcödé", ""}, {"سلام", ""}, {"שלום", ""}, {"\xF0\x9D\x97\x94", ""}}), "");
}

TEST(MissingFonts, NamesScriptsCharactersAndPackages) {
  EXPECT_EQ(
      said({{"猫", ""}}),
      "labels: no installed font has Han (猫): boxes stand for them; to see them install fonts-noto-cjk (names of "
      "Debian's packages)");
  const std::string message = said({{"fox", "여우"}, {"猫猫犬", ""}, {"ग", "猫🦉"}});
  EXPECT_NE(message.find("has Hangul (여 우), Han (猫 犬), Devanagari (ग) and emoji (🦉): boxes"),
            std::string::npos)
      << message;
  EXPECT_NE(message.find("install fonts-noto-cjk, fonts-noto-core and fonts-noto-color-emoji"), std::string::npos)
      << message;
}

TEST(MissingFonts, WhatCannotBeShownHasItsNumber) {
  EXPECT_EQ(said({{"a\nb\x01\x1b[31m\xEE\x80\x80", ""}}),
            "labels: no installed font has control characters (U+000A U+0001 U+001B) and characters of no script "
            "(U+E000): boxes stand for them");
  EXPECT_NE(said({{"x\u093F", ""}}).find("Devanagari (U+093F)"), std::string::npos);
}

TEST(MissingFonts, ItIsOneShortLineWhateverTheLabels) {
  std::string all;
  for (char32_t character = 0x80; character < 0x11000; character += 7) {
    if (character >= 0xD800 && character < 0xE000) continue;
    if (character >= 0x800) all += static_cast<char>(0xE0 | (character >> 12));
    all += static_cast<char>(character >= 0x800 ? 0x80 | (character >> 6 & 0x3F) : 0xC0 | (character >> 6));
    all += static_cast<char>(0x80 | (character & 0x3F));
  }
  std::vector<Label> labels;
  for (size_t i = 0; i < all.size(); i += 900) labels.push_back({all.substr(i, 900), std::string(300, '\xff')});
  const std::string message = said(labels);
  EXPECT_NE(message.find(" and others: boxes"), std::string::npos) << message;
  EXPECT_LT(message.size(), 600);
  EXPECT_TRUE(is_utf8(message));
  EXPECT_TRUE(std::none_of(message.begin(), message.end(), [](char c) { return 0 <= c && c < ' '; })) << message;
}

}  // namespace
}  // namespace pixnerd::image
