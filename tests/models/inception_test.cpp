#include "models/inception.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <gtest/gtest.h>

#include "checkpoint/tensors.h"
#include "core/errors.h"
#include "tests/core/temporary_folder.h"
#include "tests/core/thrown.h"
#include "tests/models/inception_weights.h"

namespace pixnerd::models {
namespace {

const std::map<std::string, at::Tensor>& weights() {
  static const auto tensors = inception_weights("a:");
  return tensors;
}

std::string inception_refused(const std::map<std::string, at::Tensor>& tensors) {
  return thrown<CheckpointError>([&] { Inception({tensors, "x.pth"}); });
}

at::Tensor pictures(int64_t side) {
  return at::randint(256, {2, side, side, 3}, at::make_generator<at::CPUGeneratorImpl>(1)).to(at::kByte);
}

TEST(InceptionInput, At299IsThePictureItself) {
  const at::Tensor x = pictures(kInceptionSide);
  const at::Tensor planes = x.permute({0, 3, 1, 2}).to(at::kFloat);
  EXPECT_TRUE(inception_input(x, InceptionResize::tensorflow).equal((planes - 128) / 128));
  EXPECT_TRUE(at::allclose(inception_input(x, InceptionResize::pytorch), planes / 127.5 - 1, 1e-5, 1e-5));
}

TEST(Inception, IsLoadedFromAFile) {
  const TemporaryFolder folder;
  const checkpoint::NamedTensors named(weights().begin(), weights().end());
  checkpoint::save_safetensors(folder / "inception.safetensors", named);
  const Inception given({weights(), "memory"}), loaded = Inception::load(folder / "inception.safetensors");
  EXPECT_EQ(given.fingerprint(), loaded.fingerprint());
  auto changed = weights();
  changed.insert_or_assign("Mixed_6b.branch_pool.bn.bias", weights().at("Mixed_6b.branch_pool.bn.bias") + 1e-3);
  EXPECT_NE(given.fingerprint(), fingerprint_of(changed));
  const at::Tensor input = inception_input(pictures(32), InceptionResize::tensorflow);
  const InceptionFeatures features = loaded(input);
  EXPECT_EQ(features.pooled.sizes(), at::IntArrayRef({2, kPooledFeatures}));
  EXPECT_EQ(features.spatial.sizes(), at::IntArrayRef({2, kSpatialFeatures}));
  EXPECT_EQ(features.logits.sizes(), at::IntArrayRef({2, kInceptionClasses}));
  EXPECT_TRUE(at::allclose(given(input).pooled, features.pooled));
  const Inception half({weights(), "memory"}, at::kBFloat16);
  EXPECT_LT((half(input).pooled - features.pooled).norm().item<double>(), 0.05 * features.pooled.norm().item<double>());
}

TEST(Inception, RefusesOtherNetworks) {
  auto tensors = weights();
  tensors.erase("Mixed_7c.branch_pool.bn.bias");
  EXPECT_EQ(inception_refused(tensors), "checkpoint 'x.pth': Mixed_7c.branch_pool.bn.bias is missing");
  tensors = weights();
  tensors.insert_or_assign("Mixed_5b.branch1x1.conv.weight", at::zeros({64, 192, 3, 3}));
  EXPECT_NE(inception_refused(tensors).find("Mixed_5b.branch1x1.conv.weight has shape [64, 192, 3, 3]"),
            std::string::npos);
  tensors = weights();
  tensors.insert_or_assign("fc.bias", at::zeros({1000}));
  EXPECT_NE(inception_refused(tensors).find("pt_inception-2015-12-05"), std::string::npos);
}

}  // namespace
}  // namespace pixnerd::models
