// How fast are the products of linear layers, in inference and in training, and what stands around them in 8 bits and
// in backward passes, beside oneDNN or the framework's operators, and beside what the processor can do? All candidates
// in one run, in turn.
#include <ATen/TensorOperators.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/silu.h>
#include <c10/core/GradMode.h>

#include <array>
#include <functional>
#include <string>

#include "bench/table.h"
#include "core/text.h"
#include "kernels/product.h"
#include "nn/linear_product.h"
#include "nn/onednn.h"
#include "nn/product_kernel.h"
#include "nn/quantised.h"
#include "nn/rms_norm.h"

namespace pixnerd::bench {
namespace {

constexpr int64_t kRuns = 9;

// What a product of `tokens` rows in 8 bits needs beside it.
void bench_rounding(int64_t tokens, int64_t width) {
  const c10::NoGradGuard no_grad;
  const at::Tensor x = at::randn({tokens, width}).to(at::kBFloat16),
                   other = at::randn({tokens, width}).to(at::kBFloat16);
  const at::Tensor scales = at::rand({tokens}) + 1;
  const auto eager_rows = [](const at::Tensor& rows) {
    const at::Tensor scale = rows.abs().amax({1}, /*keepdim=*/true).to(at::kFloat) / 127;
    return (rows / scale).round().add(128).to(at::kByte);
  };
  const auto eager_gate = [&] {
    const at::Tensor scale = scales.unsqueeze(1).to(at::kBFloat16);
    eager_rows(at::silu(x * scale) * (other * scale));
  };
  const double values = static_cast<double>(x.numel());
  print(concat("rounding ", tokens, " rows of ", width, " to 8 bits"),
        std::array{Candidate{"eager", [&] { eager_rows(x); }, 0, Arithmetic::float32, 3 * values},
                   Candidate{"pixnerd", [&] { nn::quantise_rows(x); }, 0, Arithmetic::float32, 3 * values}},
        kRuns);
  const at::Tensor matrix = nn::turn_rows(at::eye(width)).to(at::kBFloat16);
  print(concat("turning ", tokens, " rows of ", width, " by Hadamard's matrix"),
        std::array{
            Candidate{"product", [&] { at::matmul(x, matrix).to(at::kFloat); }, 0, Arithmetic::float32, 6 * values},
            Candidate{"pixnerd", [&] { nn::turn_rows(x); }, 0, Arithmetic::float32, 6 * values}},
        kRuns);
  nn::RMSNorm norm(width);
  norm->weight.fill_(1);
  const at::Tensor shift = at::randn({1, 1, width}).to(at::kBFloat16),
                   scale = at::randn({1, 1, width}).to(at::kBFloat16);
  const at::Tensor sample = x.unsqueeze(0);
  print(concat("RMSNorm of ", tokens, " rows of ", width, ", to 8 bits"),
        std::array{
            Candidate{"one after the other", [&] { nn::quantise_rows(norm->forward(sample, shift, scale)); }, 0,
                      Arithmetic::float32, 3 * values},
            Candidate{"at once", [&] { norm->quantised(sample, shift, scale); }, 0, Arithmetic::float32, 3 * values}},
        kRuns);
  print(concat("SwiGLU of ", tokens, " rows of ", width, ", to 8 bits"),
        std::array{
            Candidate{"eager", eager_gate, 0, Arithmetic::float32, 5 * values},
            Candidate{"pixnerd", [&] { nn::quantise_gated(x, other, scales); }, 0, Arithmetic::float32, 5 * values}},
        kRuns);
}

// The gradient of a linear layer's bias.
void bench_sums(int64_t rows, int64_t width, Arithmetic arithmetic) {
  const bool half = arithmetic == Arithmetic::bfloat16;
  const at::Tensor x = at::randn({rows, width}).to(half ? at::kBFloat16 : at::kFloat);
  const auto bytes = static_cast<double>(x.nbytes());
  print(concat("sums over ", rows, " rows of ", width, half ? ", bfloat16" : ", float32"),
        std::array{
            Candidate{"framework", [&] { x.sum({0}, /*keepdim=*/false, at::kFloat); }, 0, Arithmetic::float32, bytes},
            Candidate{"pixnerd", [&] { nn::sum_of_rows(x); }, 0, Arithmetic::float32, bytes}},
        kRuns);
}

// In float32 also where oneDNN's products are taken instead.
bool has_kernel(at::ScalarType type) {
  return type == at::kFloat ? kernels::has_product<float>() : nn::has_product_kernel(type);
}

// What a kernel is beside.
struct Baseline {
  std::string name;
  std::function<void()> run;
};

// A linear layer's product, weights packed: beside the kernel oneDNN's, or where it has none, the framework's in
// bfloat16 and oneDNN's in float32 for 8 bits.
void bench_product(int64_t rows, int64_t in, int64_t out, at::ScalarType type) {
  const c10::NoGradGuard no_grad;
  if (!has_kernel(type) || !nn::has_onednn(at::kFloat)) return;
  const bool bytes = type == at::kChar, alike = nn::has_onednn(type);
  const at::Tensor x = at::randn({rows, in}), w = at::randn({out, in});
  const nn::QuantisedWeight in_bytes = nn::quantise_weight(w);
  const nn::QuantisedRows rows_in_bytes = nn::quantise_rows(x);
  const at::Tensor typed_x = bytes ? rows_in_bytes.values : x.to(type), typed_w = bytes ? in_bytes.values : w.to(type);
  const nn::PackedInt8 ours_in_bytes = nn::pack_int8_for_kernel(in_bytes.values, in_bytes.scales);
  const at::Tensor ours = bytes ? at::Tensor() : nn::pack_for_kernel(typed_w, type);
  const auto by_kernel = [&] {
    bytes ? nn::kernel_linear_int8(typed_x, at::Tensor(), ours_in_bytes, at::Tensor())
          : nn::kernel_linear(typed_x, ours, out, at::Tensor());
  };
  Baseline theirs;
  if (bytes && alike) {
    theirs = {"oneDNN", [&, packed = nn::onednn_pack_int8(typed_w, rows)] {
                nn::onednn_linear_int8(typed_x, packed, in_bytes.scales);
              }};
  } else if (bytes || alike) {
    theirs = {alike ? "oneDNN" : "oneDNN, float32", [&, packed = nn::onednn_pack(bytes ? w : typed_w, rows)] {
                nn::onednn_linear(bytes ? x : typed_x, packed);
              }};
  } else {
    theirs = {"framework", [&] { at::linear(typed_x, typed_w); }};
  }
  const double operations = 2.0 * static_cast<double>(rows * in * out);
  const Arithmetic arithmetic = type == at::kFloat ? Arithmetic::float32 : Arithmetic::bfloat16;
  const char* name = bytes ? "8 bits (of bfloat16's peak), " : type == at::kFloat ? "float32, " : "bfloat16, ";
  print(concat("product, ", name, rows, " rows, ", in, " to ", out),
        std::array{Candidate{theirs.name, theirs.run, operations, arithmetic},
                   Candidate{"pixnerd", by_kernel, operations, arithmetic}},
        kRuns);
}

// The three products of a linear layer in training, of a weight in float32: what they need to lay out counts. oneDNN's
// beside the kernel's, where it has them.
void bench_training_products(int64_t rows, int64_t in, int64_t out, at::ScalarType type) {
  const c10::NoGradGuard no_grad;
  if (!has_kernel(type) || !nn::has_onednn(type)) return;
  const at::Tensor x = at::randn({rows, in}).to(type), grad_y = at::randn({rows, out}).to(type);
  const at::Tensor w = at::randn({out, in});
  const double operations = 2.0 * static_cast<double>(rows * in * out);
  const Arithmetic arithmetic = type == at::kFloat ? Arithmetic::float32 : Arithmetic::bfloat16;
  const std::string sizes = concat(type == at::kFloat ? "float32, " : "bfloat16, ", rows, " rows, ", in, " to ", out);
  const auto compare = [&](const char* what, const std::function<void()>& theirs, const std::function<void()>& ours) {
    print(concat(what, ", ", sizes),
          std::array{Candidate{"oneDNN", theirs, operations, arithmetic},
                     Candidate{"pixnerd", ours, operations, arithmetic}},
          kRuns);
  };
  compare(
      "y = x W^T, W not packed", [&] { nn::onednn_linear(x, w.to(type)); },
      [&] { nn::kernel_linear(x, nn::pack_for_kernel(w, type), out, at::Tensor()); });
  compare(
      "gradient by x", [&] { nn::onednn_linear(grad_y, w.to(type).t()); },
      [&] { nn::kernel_linear(grad_y, nn::pack_transposed_for_kernel(w, type), in, at::Tensor()); });
  const bool by_framework = in % 16 == 0;  // which of theirs is faster
  compare(
      "gradient by W",
      [&] { (by_framework ? at::mm(grad_y.t(), x) : nn::onednn_linear(grad_y.t(), x.t())).to(at::kFloat); },
      [&] { nn::kernel_weight_gradient(grad_y, x); });
}

}  // namespace
}  // namespace pixnerd::bench

int main(int count, char** words) {
  using namespace pixnerd::bench;
  begin(pixnerd::concat("products, ", isa_name(pixnerd::kernels::chosen_isa())), count, words);
  bench_rounding(256, 1024);
  bench_rounding(256, 2730);
  for (const Arithmetic arithmetic : {Arithmetic::float32, Arithmetic::bfloat16}) {
    bench_sums(1024, 3072, arithmetic);
    bench_sums(1024, 8192, arithmetic);
  }
  for (const at::ScalarType type : {at::kFloat, at::kBFloat16, at::kChar}) {
    for (const auto& [rows, in, out] :
         {std::array{256, 1024, 3072}, std::array{256, 2730, 1024}, std::array{512, 192, 576}}) {
      bench_product(rows, in, out, type);
    }
  }
  for (const at::ScalarType type : {at::kFloat, at::kBFloat16}) {
    for (const auto& [rows, in, out] : {std::array{1024, 1024, 3072}, std::array{1024, 1024, 2730},
                                        std::array{1024, 2730, 1024}, std::array{1024, 192, 576}}) {
      bench_training_products(rows, in, out, type);
    }
  }
  return 0;
}
