// What a layer makes of a row or of a head does not depend on what else is in the tensor, to the bit, or on the
// threads.
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>

#include <functional>

#include "nn/attention.h"
#include "nn/onednn.h"
#include "nn/packed_weight.h"
#include "nn/positions.h"
#include "nn/swiglu.h"

namespace pixnerd::nn {
namespace {

using Layer = std::function<at::Tensor(const at::Tensor&)>;

// Calls visit(threads) with 1 to 3 of them.
void on_some_threads(const std::function<void(int)>& visit) {
  const int before = at::get_num_threads();
  for (int threads = 1; threads <= 3; ++threads) {
    at::set_num_threads(threads);
    visit(threads);
  }
  at::set_num_threads(before);
}

void expect_rows_alone(const Layer& layer, const at::Tensor& x, const std::string& what) {
  const at::NoGradGuard no_grad;
  const at::Tensor all = layer(x);
  on_some_threads([&](int threads) {
    for (const int64_t rows : {1, 2, 3, 5, 8, 16, 17, 33, 64, 255, 257}) {
      const int64_t first = rows % 3;
      if (first + rows > x.size(0)) continue;
      EXPECT_TRUE(at::equal(layer(x.narrow(0, first, rows)), all.narrow(0, first, rows)))
          << what << ", " << rows << " rows on " << threads << " threads";
    }
  });
}

struct Form {
  const char* name;
  at::ScalarType type;
  int64_t packed_for;  // 0: as PyTorch has it
};

class Rows : public testing::TestWithParam<Form> {};

// Widths of the published networks, and odd ones.
TEST_P(Rows, OfAProductAreAsAlone) {
  const Form form = GetParam();
  if (!has_packed_products(form.type)) GTEST_SKIP() << "no packed products in this type";
  for (const auto& [in, out] : std::initializer_list<std::pair<int64_t, int64_t>>{
           {16, 42}, {53, 20}, {192, 1152}, {2730, 1024}, {1536, 1536}}) {
    at::Generator generator = at::detail::createCPUGenerator(1);
    Linear linear(in, out, /*with_bias=*/true);
    linear->initialise(generator);
    const at::Tensor drawn = at::randn({258, in}, generator, at::kFloat);
    const at::Tensor x = form.type == at::kFloat ? drawn : drawn.to(at::kBFloat16);
    if (form.packed_for > 0) linear->pack(form.type, form.packed_for);
    expect_rows_alone([&](const at::Tensor& rows) { return linear->forward(rows); }, x,
                      std::to_string(in) + " to " + std::to_string(out));
  }
}

INSTANTIATE_TEST_SUITE_P(Products, Rows,
                         testing::Values(Form{"float32", at::kFloat, 256}, Form{"float32_few", at::kFloat, kFewestRows},
                                         Form{"float32_unpacked", at::kFloat, 0}, Form{"bfloat16", at::kBFloat16, 256},
                                         Form{"bfloat16_few", at::kBFloat16, kFewestRows},
                                         Form{"bfloat16_unpacked", at::kBFloat16, 0}, Form{"int8", at::kChar, 256},
                                         Form{"int8_few", at::kChar, kFewestRows}),
                         [](const auto& each) { return each.param.name; });

TEST(Rows, OfSiluAreAsAlone) {
  at::Generator generator = at::detail::createCPUGenerator(1);
  for (const int64_t width : {1, 20, 193}) {
    const at::Tensor x = at::randn({700, width}, generator, at::kFloat);
    expect_rows_alone(nn::silu, x, std::to_string(width) + " values");
    EXPECT_LT((nn::silu(x) - x * x.sigmoid()).abs().max().item<float>(), 1e-6F);
  }
}

TEST(Rows, OfAttentionAreAsAlone) {
  if (!has_onednn(at::kFloat)) GTEST_SKIP() << "no products of oneDNN";
  struct Sizes {
    int64_t width, heads, tokens;
  };
  for (const at::ScalarType type : {at::kFloat, at::kBFloat16}) {
    if (!has_onednn(type)) continue;
    for (const auto& [width, heads, tokens] :
         {Sizes{8, 1, 15}, Sizes{16, 2, 15}, Sizes{12, 3, 7}, Sizes{24, 2, 67}, Sizes{192, 6, 64}, Sizes{60, 5, 201}}) {
      at::Generator generator = at::detail::createCPUGenerator(1);
      Attention attention(width, heads);
      attention->initialise(generator);
      const at::Tensor x = at::randn({7, tokens, width}, generator, at::kFloat).to(type);
      const at::Tensor rope = rope_table_c2i(1, tokens, width / heads);
      expect_rows_alone([&](const at::Tensor& some) { return attention->forward(some, rope); }, x,
                        std::to_string(tokens) + " tokens, " + std::to_string(heads) + " heads");
    }
  }
}

}  // namespace
}  // namespace pixnerd::nn
