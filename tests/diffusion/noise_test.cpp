#include "diffusion/noise.h"

#include <ATen/ops/equal.h>
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>

namespace pixnerd::diffusion {
namespace {

TEST(ImageNoise, DoesNotDependOnTheBatch) {
  ImageNoise together({4, 5, 6});
  ImageNoise alone({5});
  for (int draw = 0; draw < 3; ++draw) {
    const at::Tensor batch = together.draw(3, 5, 7);
    EXPECT_TRUE(at::equal(batch[1], alone.draw(3, 5, 7)[0])) << "draw " << draw;
  }
}

TEST(ImageNoise, EqualSeedsGiveEqualImagesAndOthersDoNot) {
  const at::Tensor images = ImageNoise({4, 4, 5}).draw(3, 8, 8);
  EXPECT_TRUE(at::equal(images[0], images[1]));
  EXPECT_FALSE(at::equal(images[0], images[2]));
}

TEST(ImageNoise, DrawLikeTakesShapeAndType) {
  const at::Tensor x = at::randn({2, 3, 4, 4}, at::kDouble);
  const at::Tensor noise = ImageNoise({1, 2}).draw_like(x);
  EXPECT_EQ(noise.sizes(), x.sizes());
  EXPECT_EQ(noise.scalar_type(), at::kDouble);
}

}  // namespace
}  // namespace pixnerd::diffusion
