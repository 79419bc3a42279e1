// The blocks' mathematics is compared with the official code by the golden cases; here, what must hold for any weights.
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include "nn/embedders.h"
#include "nn/neural_field.h"
#include "nn/positions.h"
#include "nn/transformer_block.h"

namespace pixnerd::nn {
namespace {

at::Generator generator() {
  return at::detail::createCPUGenerator(5);
}

TEST(SwiGLU, MapsZeroToZero) {
  SwiGLU mlp(8, 21);
  at::Generator g = generator();
  mlp->initialise(g);
  EXPECT_EQ(mlp->forward(at::zeros({2, 3, 8})).abs().max().item<float>(), 0.0F);
}

TEST(TransformerBlock, IsTheIdentityWhereBothGatesAreClosed) {
  TransformerBlock block(8, 2, TransformerBlockParts{AttentionKeys::own, SwiGLUMatrices::separate, 20});
  at::Generator g = generator();
  block->initialise(g);
  const at::NoGradGuard no_grad;
  for (auto& parameter : block->named_parameters()) {
    if (parameter.key().starts_with("adaLN_modulation")) parameter.value().zero_();
  }
  const at::Tensor x = at::randn({2, 6, 8});
  EXPECT_TRUE(at::equal(block->forward(x, at::randn({2, 1, 8}), rope_table_c2i(2, 3, 4)), x));
}

TEST(Patches, FoldUndoesUnfoldOnImagesThatAreNotSquare) {
  const at::Tensor x = at::randn({2, 3, 6, 9});
  const at::Tensor patches = unfold_patches(x, 2, 3);
  EXPECT_EQ(patches.sizes(), (at::IntArrayRef{2, 6, 27}));
  EXPECT_TRUE(at::equal(fold_patches(patches, 2, 3, 6, 9), x));
}

TEST(Patches, TokensAreRowMajorAndFeaturesChannelMajor) {
  const at::Tensor x = at::randn({1, 2, 4, 6});
  const at::Tensor token = unfold_patches(x, 2, 3)[0][4];  // row 1, column 1
  EXPECT_TRUE(at::equal(token.view({2, 2, 2}), x[0].slice(1, 2, 4).slice(2, 2, 4)));
}

TEST(LabelEmbedder, HasARowForTheNullClass) {
  LabelEmbedder embedder(3, 0, 4);
  at::Generator g = generator();
  embedder->initialise(g, 1.0);
  EXPECT_EQ(embedder->forward(at::zeros({2}, at::kLong) + 3).sizes(), (at::IntArrayRef{2, 4}));
}

TEST(LabelEmbedder, AddsTheRowOfTheStyle) {
  LabelEmbedder embedder(3, 2, 4);
  at::Generator g = generator();
  embedder->initialise(g, 1.0);
  const at::NoGradGuard no_grad;
  const auto tables = embedder->named_parameters();
  const at::Tensor y = at::tensor({1, 2, 3, 0}, at::kLong).view({2, 2});
  const at::Tensor expected = tables["embedding_table.weight"].index_select(0, y.select(1, 0)) +
                              tables["style_table.weight"].index_select(0, y.select(1, 1));
  EXPECT_TRUE(at::equal(embedder->forward(y), expected));
}

TEST(NeuralFieldBlock, TreatsPixelsAloneAndIgnoresTheScaleOfItsWeights) {
  NeuralFieldBlock block(6, 4, 2);
  at::Generator g = generator();
  block->initialise(g);
  const at::NoGradGuard no_grad;
  const at::Tensor u = at::randn({3, 10, 4}), s = at::randn({3, 6});
  const at::Tensor y = block->forward(u, s);
  EXPECT_TRUE(at::allclose(block->forward(u.slice(1, 2, 5), s), y.slice(1, 2, 5), 1e-5, 1e-6));
  for (auto& parameter : block->named_parameters()) {
    if (parameter.key().starts_with("param_generator1")) parameter.value().mul_(7.0);
  }
  EXPECT_TRUE(at::allclose(block->forward(u, s), y, 1e-5, 1e-6));
}

TEST(PixelEmbedder, EqualsALinearLayerOnPixelAndCodeTogether) {
  PixelEmbedder embedder(3, 5);
  at::Generator g = generator();
  embedder->initialise(g);
  const at::NoGradGuard no_grad;
  const at::Tensor pixels = at::randn({2, 16, 3}), code = cosine_product_code(4, 4);
  const auto parameters = embedder->named_parameters();
  const at::Tensor joined = at::cat({pixels, code.expand({2, 16, kCoordinateWidth})}, 2);
  const at::Tensor expected = at::linear(joined, parameters["embedder.0.weight"], parameters["embedder.0.bias"]);
  EXPECT_TRUE(at::allclose(embedder->forward(pixels, code), expected, 1e-5, 1e-6));
}

TEST(FinalLayer, StartsAtZero) {
  FinalLayer layer(4, 3);
  at::Generator g = generator();
  layer->initialise(g);
  EXPECT_EQ(layer->forward(at::randn({2, 5, 4})).abs().max().item<float>(), 0.0F);
}

}  // namespace
}  // namespace pixnerd::nn
