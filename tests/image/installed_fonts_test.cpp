#include "image/installed_fonts.h"

#include <gtest/gtest.h>

#include <string>

#include "core/errors.h"
#include "tests/image/test_fonts.h"

namespace pixnerd::image {
namespace {

TEST(InstalledFonts, TheFirstThatHasAllCharactersIsFound) {
  InstalledFonts fonts;
  Font* const font = fonts.find(std::u32string(1, kElsewhere));
  ASSERT_NE(font, nullptr);
  EXPECT_TRUE(font->has(kElsewhere));
  EXPECT_EQ(fonts.find(std::u32string{kElsewhere, U'a'}), font);
  EXPECT_NE(fonts.find(U"a"), nullptr);
}

TEST(InstalledFonts, NoneIsFoundWhereEachLacksSome) {
  InstalledFonts fonts;
  EXPECT_EQ(fonts.find(std::u32string{kElsewhere, kNowhere}), nullptr);
  EXPECT_EQ(fonts.find(std::u32string{kElsewhere, kColoured}), nullptr);
  EXPECT_EQ(fonts.find(std::u32string(1, kNowhere)), nullptr);
}

TEST(InstalledFonts, AFileThatIsNoFontIsRefused) {
  EXPECT_THROW(Font("tests/image/data/README.md", 0), DataError);
  EXPECT_THROW(Font("tests/image/data/no such file", 0), DataError);
}

}  // namespace
}  // namespace pixnerd::image
