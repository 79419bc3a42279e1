#include "serve/alpha_mask.h"

#include <gtest/gtest.h>

#include "core/file.h"
#include "image/codec.h"
#include "image/upright.h"
#include "serve/picture_format.h"
#include "serve/refusal.h"

namespace pixnerd::serve {
namespace {

constexpr int64_t kMostPixels = 1 << 20;

TEST(MaskOfAlpha, IsGreyAndWhiteWhereItIsDrawnAnew) {
  const std::string file = read_file("tests/image/data/lossless_alpha.webp", 1 << 20);
  const image::UprightImage picture = image::upright(file, "picture");
  ASSERT_FALSE(picture.alpha.empty());
  for (const DrawnAnew which : {DrawnAnew::opaque, DrawnAnew::transparent}) {
    const auto mask = mask_of_alpha(file, which, kMostPixels, "mask");
    ASSERT_TRUE(mask);
    const image::Image grey = image::decode(std::as_bytes(std::span(*mask)), "mask");
    ASSERT_EQ(grey.rgb.size(), picture.alpha.size() * 3);
    for (size_t i = 0; i < grey.rgb.size(); ++i) {
      const int alpha = picture.alpha[i / 3];
      ASSERT_EQ(grey.rgb[i], which == DrawnAnew::opaque ? alpha : 255 - alpha);
    }
  }
}

TEST(MaskOfAlpha, IsNothingWithoutAlpha) {
  EXPECT_FALSE(mask_of_alpha(encoded(image::blank(4, 4), PictureFormat::png, 0), DrawnAnew::opaque, 16, "mask"));
}

TEST(MaskOfAlpha, RefusesWhatIsNoPictureOrTooLarge) {
  EXPECT_THROW(mask_of_alpha("no picture", DrawnAnew::opaque, kMostPixels, "mask"), Refusal);
  const std::string file = encoded(image::blank(4, 4), PictureFormat::png, 0);
  EXPECT_THROW(mask_of_alpha(file, DrawnAnew::opaque, 15, "mask"), Refusal);
  EXPECT_THROW(mask_of_alpha(file.substr(0, file.size() / 2), DrawnAnew::opaque, 15, "mask"), Refusal);
}

TEST(Encoded, KeepsAPngAsItIs) {
  const std::string file = encoded(image::blank(4, 4), PictureFormat::png, 0);
  EXPECT_EQ(encoded(file, PictureFormat::png, 50), file);
  EXPECT_TRUE(encoded(file, PictureFormat::jpeg, 50).starts_with("\xff\xd8"));
  EXPECT_TRUE(encoded(file, PictureFormat::webp, 50).starts_with("RIFF"));
}

}  // namespace
}  // namespace pixnerd::serve
