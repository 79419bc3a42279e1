// How fast are the neural field's block and attention beside the same mathematics as a chain of the
// framework's operators, and beside what the processor can do? All candidates in one run, in turn. Rates of the block
// count the products that the mathematics needs once, 4 E H a pixel forward and 12 E H forward and backward; the
// kernel's backward pass computes 2 E H of them again, so that 86 % is the most that forward and backward can reach.
#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/bmm.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/rsqrt.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/silu.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <c10/core/GradMode.h>

#include <array>
#include <string>
#include <vector>

#include "bench/table.h"
#include "core/text.h"
#include "kernels/field_block.h"
#include "nn/attention_kernel.h"
#include "nn/packed_attention.h"

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

}  // namespace
}  // namespace pixnerd::bench

int main(int count, char** words) {
  using namespace pixnerd::bench;
  begin(pixnerd::concat("field and attention, ", isa_name(pixnerd::kernels::chosen_isa())), count, words);
  bench({"256 tokens of 256 pixels, E 64, H 128", 256, 256, 64, 128});
  bench({"1024 tokens of 64 pixels, E 32, H 64", 1024, 64, 32, 64});
  for (const Arithmetic arithmetic : {Arithmetic::float32, Arithmetic::bfloat16}) {
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
