#include "nn/byte_encoder.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <string>

#include "core/errors.h"

namespace pixnerd::nn {
namespace {

constexpr int64_t kWidth = 32, kStates = 4, kBytesAState = 6, kBytes = kStates * kBytesAState;

at::Tensor bytes_of(const std::string& text) {
  at::Tensor bytes = at::zeros({1, kBytes}, at::kLong);
  for (size_t i = 0; i < text.size(); ++i) {
    bytes[0][static_cast<int64_t>(i)] = static_cast<int64_t>(static_cast<unsigned char>(text[i])) + 1;
  }
  return bytes;
}

ByteEncoder encoder() {
  ByteEncoder encoder(kWidth, kStates, kBytesAState, 1);
  at::Generator generator = at::detail::createCPUGenerator(4);
  encoder->initialise(generator);
  return encoder;
}

TEST(ByteEncoder, TheSameBytesHaveTheSameRowsWhereverTheyStand) {
  const at::Tensor rows = ngram_rows(bytes_of("a tabby cat, a cat"));  // "cat" ends at 10 and at 17
  EXPECT_EQ(rows.sizes(), (at::IntArrayRef{1, kBytes, 5}));
  EXPECT_TRUE(at::equal(rows[0][10].narrow(0, 0, 3), rows[0][17].narrow(0, 0, 3)));  // "at", "cat", " cat"
  EXPECT_NE(rows[0][10][3].item<int64_t>(), rows[0][17][3].item<int64_t>());         // "by cat", ", a cat"
  EXPECT_NE(rows[0][10][0].item<int64_t>(), rows[0][10][1].item<int64_t>());
  EXPECT_TRUE(at::equal(rows[0].narrow(0, 18, 6), at::zeros({6, 5}, at::kLong)));  // padding
  EXPECT_GT(rows[0].narrow(0, 0, 18).min().item<int64_t>(), 0);
  EXPECT_LT(rows.max().item<int64_t>(), kNgramRows);
}

TEST(ByteEncoder, PaddingSaysNothing) {
  auto encoder = nn::encoder();
  const at::Tensor states = encoder->forward(bytes_of("a cat of"));  // two groups
  EXPECT_GT(states.narrow(1, 0, 2).abs().amax(2).min().item<float>(), 0);
  EXPECT_TRUE(at::equal(states.narrow(1, 2, 2), at::zeros({1, 2, kWidth})));
  EXPECT_TRUE(at::equal(encoder->forward(bytes_of("")), at::zeros({1, kStates, kWidth})));
}

// The padding's row is never read, and every other row takes its part of the gradient.
TEST(ByteEncoder, RowsThatWereReadGetGradients) {
  auto encoder = nn::encoder();
  for (auto& parameter : encoder->parameters()) parameter.set_requires_grad(true);
  const at::Tensor bytes = bytes_of("cat");
  encoder->forward(bytes).square().narrow(2, 0, 5).sum().backward();
  const at::Tensor table = encoder->named_parameters()["ngram_table.weight"].grad();
  const at::Tensor moved = table.abs().amax(1).gt(0);
  for (const int64_t row : {0, 1, 2}) {
    EXPECT_TRUE(moved.index_select(0, ngram_rows(bytes)[0][row]).all().item<bool>());
  }
  EXPECT_EQ(moved.sum().item<int64_t>(), 3 * 5);
}

TEST(ByteEncoder, RefusesOtherShapesAndTypes) {
  auto encoder = nn::encoder();
  EXPECT_THROW(encoder->forward(at::zeros({1, kBytes + 1}, at::kLong)), RequestError);
  EXPECT_THROW(encoder->forward(at::zeros({1, kBytes})), RequestError);
}

}  // namespace
}  // namespace pixnerd::nn
