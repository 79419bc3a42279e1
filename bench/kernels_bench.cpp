// How fast are the neural field's block, rounding to 8 bits and attention beside the same mathematics as a chain of the
// framework's operators, and beside what the processor can do? All candidates in one run, in turn. Rates of the block
// count the products that the mathematics needs once, 4 E H a pixel forward and 12 E H forward and backward; the
// kernel's backward pass computes 2 E H of them again, so that 86 % is the most that forward and backward can reach.
#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/bmm.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/rsqrt.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/silu.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <c10/core/GradMode.h>

#include <array>
#include <functional>
#include <string>
#include <vector>

#include "bench/table.h"
#include "core/text.h"
#include "kernels/field_block.h"
#include "kernels/product.h"
#include "nn/attention_kernel.h"
#include "nn/linear_product.h"
#include "nn/onednn.h"
#include "nn/packed_attention.h"
#include "nn/product_kernel.h"
#include "nn/quantised.h"
#include "nn/rms_norm.h"

namespace pixnerd::bench {
namespace {

constexpr int64_t kRuns = 9;

// T tokens, N pixels, E field width, H hidden width.
struct Sizes {
  const char* name;
  int64_t tokens, pixels, width, hidden;

  double products() const { return 2.0 * static_cast<double>(tokens * pixels * width * hidden); }
};

at::Tensor normalised(const at::Tensor& w) {
  return w / at::linalg_vector_norm(w, 2, {1}, /*keepdim=*/true).clamp_min(1e-12);
}

// The block as eager code has it. u [T, N, E], parameters [T, 2 E H], weight [E].
at::Tensor eager_block(const Sizes& sizes, const at::Tensor& u, const at::Tensor& parameters,
                       const at::Tensor& weight) {
  const auto halves = parameters.chunk(2, 1);
  const at::Tensor w1 = normalised(halves[0].unflatten(1, {sizes.width, sizes.hidden}));
  const at::Tensor w2 = normalised(halves[1].unflatten(1, {sizes.hidden, sizes.width}));
  const at::Tensor x = u * at::rsqrt((u * u).mean(-1, /*keepdim=*/true) + 1e-6) * weight;
  return u + at::bmm(at::silu(at::bmm(x, w1)), w2);
}

// One block's tensors in the type T, and the passes over them by all threads.
template <class T>
struct Block {
  Block(const Sizes& sizes, const at::Tensor& u_float, const at::Tensor& parameters_float, at::Tensor norm_weight,
        const at::Tensor& grad_float, at::ScalarType type)
      : shape{sizes.pixels, sizes.width, sizes.hidden},
        tokens(sizes.tokens),
        u(u_float.to(type)),
        parameters(parameters_float.to(type)),
        grad_y(grad_float.to(type)),
        weight(std::move(norm_weight)),
        y(at::zeros_like(u)),
        grad_u(at::zeros_like(u)),
        grad_parameters(at::zeros_like(parameters)),
        grad_weight(at::zeros({at::get_num_threads(), sizes.width})) {}

  static T* data(const at::Tensor& tensor) { return static_cast<T*>(tensor.mutable_data_ptr()); }

  void forward() {
    const kernels::FieldForward<T> field{data(u), data(parameters), weight.data_ptr<float>(), data(y)};
    at::parallel_for(0, tokens, 1, [&](int64_t begin, int64_t end) {
      kernels::field_forward(shape, field, {begin, end});
    });
  }

  void backward() {
    at::parallel_for(0, tokens, 1, [&](int64_t begin, int64_t end) {
      float* sums = grad_weight.data_ptr<float>() + at::get_thread_num() * shape.width;
      const kernels::FieldBackward<T> field{
          data(u), data(parameters), weight.data_ptr<float>(), data(grad_y), data(grad_u), data(grad_parameters), sums};
      kernels::field_backward(shape, field, {begin, end});
    });
  }

  kernels::FieldShape shape;
  int64_t tokens;
  at::Tensor u, parameters, grad_y, weight;
  at::Tensor y, grad_u, grad_parameters, grad_weight;
};

void bench(const Sizes& sizes) {
  const at::Tensor u = at::randn({sizes.tokens, sizes.pixels, sizes.width});
  const at::Tensor parameters = at::randn({sizes.tokens, 2 * sizes.width * sizes.hidden});
  const at::Tensor weight = at::randn({sizes.width}), grad_y = at::randn(u.sizes());
  Block<float> block(sizes, u, parameters, weight, grad_y, at::kFloat);
  Block<kernels::BFloat16> half(sizes, u, parameters, weight, grad_y, at::kBFloat16);

  const auto eager_forward = [&] {
    const c10::NoGradGuard no_grad;
    eager_block(sizes, u, parameters, weight);
  };
  const auto eager_both = [&] {
    const at::Tensor leaves[] = {u.detach().requires_grad_(), parameters.detach().requires_grad_(),
                                 weight.detach().requires_grad_()};
    eager_block(sizes, leaves[0], leaves[1], leaves[2]).backward(grad_y);
  };
  const double forward = 2 * sizes.products(), both = 6 * sizes.products();
  print(concat(sizes.name, ", forward"),
        std::array{Candidate{"eager", eager_forward, forward}, Candidate{"float32", [&] { block.forward(); }, forward},
                   Candidate{"bfloat16 storage", [&] { half.forward(); }, forward}},
        kRuns);
  print(concat(sizes.name, ", forward + backward"),
        std::array{Candidate{"eager", eager_both, both},
                   Candidate{"float32", [&] { block.forward(), block.backward(); }, both},
                   Candidate{"bfloat16 storage", [&] { half.forward(), half.backward(); }, both}},
        kRuns);
}

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

void bench_attention(int64_t heads, int64_t tokens, int64_t width, Arithmetic arithmetic) {
  const c10::NoGradGuard no_grad;
  const bool half = arithmetic == Arithmetic::bfloat16;
  const auto drawn = [&] { return at::randn({1, heads, tokens, width}).to(half ? at::kBFloat16 : at::kFloat); };
  const at::Tensor q = drawn(), k = drawn(), v = drawn();
  const double operations = 4.0 * static_cast<double>(heads * tokens * tokens * width);
  std::vector<Candidate> candidates = {
      {"framework", [&] { at::scaled_dot_product_attention(q, k, v); }, operations, arithmetic}};
  if (nn::has_attention_kernel(q, k)) {
    candidates.push_back({"pixnerd", [&] { nn::attention_by_kernel(q, k, v); }, operations, arithmetic});
  }
  if (nn::has_packed_attention(q, k)) {
    candidates.push_back({"pixnerd, matrix units", [&] { nn::packed_attention(q, k, v); }, operations, arithmetic});
  }
  print(concat("attention, ", half ? "bfloat16, " : "float32, ", heads, " heads of ", width, ", ", tokens, " tokens"),
        candidates, kRuns);
}

// The same with gradients: five products backward beside two forward.
void bench_attention_training(int64_t heads, int64_t tokens, int64_t width, Arithmetic arithmetic) {
  const bool half = arithmetic == Arithmetic::bfloat16;
  const auto drawn = [&] {
    return at::randn({1, heads, tokens, width}).to(half ? at::kBFloat16 : at::kFloat).requires_grad_();
  };
  const at::Tensor q = drawn(), k = drawn(), v = drawn();
  const at::Tensor grad_y = at::randn({1, tokens, heads * width}).to(q.scalar_type());
  const double operations = 14.0 * static_cast<double>(heads * tokens * tokens * width);
  const auto backward = [&](const at::Tensor& y) {
    for (const at::Tensor& leaf : {q, k, v}) leaf.mutable_grad().reset();
    y.backward(grad_y);
  };
  const auto framework = [&] { backward(at::scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)); };
  std::vector<Candidate> candidates = {{"framework", framework, operations, arithmetic}};
  if (nn::has_attention_kernel(q, k)) {
    candidates.push_back({"pixnerd", [&] { backward(nn::attention_by_kernel(q, k, v)); }, operations, arithmetic});
  }
  print(concat("attention, forward + backward, ", half ? "bfloat16, " : "float32, ", heads, " heads of ", width, ", ",
               tokens, " tokens"),
        candidates, kRuns);
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
  begin(pixnerd::concat("neural field block, ", isa_name(pixnerd::kernels::chosen_isa())), count, words);
  bench({"256 tokens of 256 pixels, E 64, H 128", 256, 256, 64, 128});
  bench({"1024 tokens of 64 pixels, E 32, H 64", 1024, 64, 32, 64});
  std::cout << pixnerd::measure::header("around products");
  bench_rounding(256, 1024);
  bench_rounding(256, 2730);
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
  for (const Arithmetic arithmetic : {Arithmetic::float32, Arithmetic::bfloat16}) {
    bench_sums(1024, 3072, arithmetic);
    bench_sums(1024, 8192, arithmetic);
    bench_attention(6, 64, 32, arithmetic);
    bench_attention(16, 256, 64, arithmetic);
    bench_attention(16, 256, 72, arithmetic);
    bench_attention(16, 1024, 64, arithmetic);
    bench_attention(16, 4096, 64, arithmetic);
    for (const auto& [heads, tokens, width] : {std::array{6, 64, 32}, std::array{64, 256, 64}, std::array{64, 256, 72},
                                               std::array{16, 256, 128}, std::array{16, 1024, 64}}) {
      bench_attention_training(heads, tokens, width, arithmetic);
    }
  }
  return 0;
}
