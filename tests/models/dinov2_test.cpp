#include "models/dinov2.h"

#include <gtest/gtest.h>

#include "core/errors.h"
#include "models/precision.h"
#include "tests/core/thrown.h"
#include "tests/models/dinov2_weights.h"

namespace pixnerd::models {
namespace {

at::Tensor pixels(int64_t rows, int64_t columns) {
  return at::randn({2, 3, 14 * rows, 14 * columns}, at::make_generator<at::CPUGeneratorImpl>(5));
}

double distance(const at::Tensor& a, const at::Tensor& b) {
  return ((a - b).norm() / b.norm()).item<double>();
}

std::string dinov2_refused(const std::map<std::string, at::Tensor>& tensors, const DinoV2Options& options = {}) {
  return thrown<CheckpointError>([&] { DinoV2({tensors, "x.pth"}, options); });
}

TEST(DinoV2, RegistersAreSeenButNotGivenOut) {
  const DinoV2 plain({dinov2_weights(), "memory"}), with_registers({dinov2_weights(3), "memory"});
  EXPECT_EQ(plain.depth(), 2);
  const at::Tensor x = pixels(2, 2);
  const DinoV2Tokens a = plain(x), b = with_registers(x);
  EXPECT_EQ(a.patch_tokens.sizes(), at::IntArrayRef({2, 4, 64}));
  EXPECT_EQ(b.patch_tokens.sizes(), a.patch_tokens.sizes());
  EXPECT_GT(distance(b.class_token, a.class_token), 0.01);
  EXPECT_NE(plain.fingerprint(), with_registers.fingerprint());
}

TEST(DinoV2, PositionsThatAreAllAlikeStaySoOnAnyGrid) {
  for (const int64_t registers : {0, 2}) {
    auto tensors = dinov2_weights(registers);
    const at::Tensor row = at::arange(64).to(at::kFloat).view({1, 1, 64});
    tensors.insert_or_assign("pos_embed", row.expand({1, 5, 64}).contiguous());
    const at::Tensor table = DinoV2({tensors, "memory"}).position_table(3, 5);
    EXPECT_TRUE(at::allclose(table, row.expand({1, 16, 64}), 1e-5, 1e-5)) << registers;
  }
}

TEST(DinoV2, ComputesInItsOwnTypeWhateverAutocastSays) {
  const at::Tensor x = pixels(2, 3);
  const DinoV2 network({dinov2_weights(), "memory"});
  const at::Tensor expected = network(x).patch_tokens;
  {
    const PrecisionScope autocast(Precision::bfloat16, at::kCPU);
    EXPECT_TRUE(network(x).patch_tokens.equal(expected));
  }
  DinoV2Options options;
  options.type = at::kBFloat16;
  const at::Tensor rounded = DinoV2({dinov2_weights(), "memory"}, options)(x).patch_tokens;
  EXPECT_EQ(rounded.scalar_type(), at::kFloat);
  EXPECT_LT(distance(rounded, expected), 0.03);
  EXPECT_GT(distance(rounded, expected), 0);
}

TEST(DinoV2, InputsAreNormalisedAsImageNets) {
  const at::Tensor grey = at::full({1, 4, 6, 3}, 51, at::kByte);
  const at::Tensor input = dinov2_input(grey);
  EXPECT_EQ(input.sizes(), at::IntArrayRef({1, 3, 4, 6}));
  EXPECT_NEAR(input[0][0][0][0].item<double>(), (0.2 - 0.485) / 0.229, 1e-5);
  EXPECT_NEAR(input[0][2][3][5].item<double>(), (0.2 - 0.406) / 0.225, 1e-5);
  const at::Tensor shown = repa_input(at::full({1, 3, 32, 80}, 0.2));
  EXPECT_EQ(shown.sizes(), at::IntArrayRef({1, 3, 28, 70}));
  EXPECT_NEAR(shown[0][1][7][9].item<double>(), (0.2 - 0.456) / 0.224, 1e-5);
}

TEST(DinoV2, RefusesOtherNetworksAndSizes) {
  auto tensors = dinov2_weights();
  tensors.erase("blocks.1.mlp.fc2.bias");
  EXPECT_EQ(dinov2_refused(tensors), "checkpoint 'x.pth': blocks.1.mlp.fc2.bias is missing");
  tensors = dinov2_weights();
  tensors.erase("cls_token");
  EXPECT_NE(dinov2_refused(tensors).find("is no DINOv2: cls_token is missing"), std::string::npos);
  tensors = dinov2_weights();
  tensors.insert_or_assign("pos_embed", at::zeros({1, 4, 64}));
  EXPECT_NE(dinov2_refused(tensors).find("3 patches, which make no square"), std::string::npos);
  DinoV2Options options;
  options.num_heads = 3;
  EXPECT_NE(dinov2_refused(dinov2_weights(), options).find("3 attention heads do not divide the width 64"),
            std::string::npos);
  const DinoV2 network({dinov2_weights(), "memory"});
  EXPECT_NE(thrown<RequestError>([&] {
              network(at::zeros({1, 3, 28, 30}));
            }).find("multiples of 14"),
            std::string::npos);
}

}  // namespace
}  // namespace pixnerd::models
