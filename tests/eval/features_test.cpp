#include "eval/features.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/stack.h>
#include <gtest/gtest.h>

#include "core/errors.h"
#include "image/codec.h"
#include "tests/core/temporary_folder.h"
#include "tests/dist/several.h"

namespace pixnerd::eval {
namespace {

// Of each picture its mean and its largest value.
Features some_features(const at::Tensor& pictures) {
  const at::Tensor flat = pictures.flatten(1).to(at::kFloat);
  return {at::stack({flat.mean(1), std::get<0>(flat.max(1))}, 1), {}, flat.narrow(1, 0, 3)};
}

class Shared : public testing::Test {
 protected:
  Shared() {
    for (int i = 0; i < 11; ++i) {
      image::write_png(folder_ / (std::to_string(i) + ".png"),
                       {4, 4, std::vector<uint8_t>(4 * 4 * 3, static_cast<uint8_t>(20 * i))});
    }
  }

  Features together(const dist::Group& group) const {
    const auto pictures = pictures_at(folder_.path());
    return extract_together(group, *pictures, some_features, 3, {}, nullptr);
  }

  TemporaryFolder folder_;
};

TEST_F(Shared, AllHaveWhatOneProcessFinds) {
  const Features expected = together(*dist::Group::alone());
  ASSERT_EQ(expected.count(), 11);
  dist::in_ranks(3, [&](const std::shared_ptr<dist::Group>& group) {
    const Features found = together(*group);
    EXPECT_TRUE(at::equal(found.pooled, expected.pooled));
    EXPECT_TRUE(at::equal(found.logits, expected.logits));
    EXPECT_FALSE(found.spatial.defined());
  });
}

TEST_F(Shared, MoreProcessesThanPicturesAreRefused) {
  const auto pictures = pictures_at(folder_.path());
  EXPECT_THROW(pictures->share_out(0, 12), RequestError);
  pictures->share_out(10, 11);
  EXPECT_EQ(pictures->share(), 1);
  EXPECT_EQ(pictures->next(5).size(0), 1);
  EXPECT_EQ(pictures->next(5).size(0), 0);
}

}  // namespace
}  // namespace pixnerd::eval
