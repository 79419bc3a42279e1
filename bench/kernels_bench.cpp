// How fast is the neural field's block beside the same mathematics as a chain of the framework's operators, and beside
// what the processor can do? All candidates in one run, in turn. Rates count the products that the mathematics needs
// once, 4 E H a pixel forward and 12 E H forward and backward; the kernel's backward pass computes 2 E H of them again,
// so that 86 % is the most that forward and backward can reach.
#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/bmm.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/rsqrt.h>
#include <ATen/ops/silu.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <c10/core/GradMode.h>

#include <cstdio>
#include <functional>
#include <vector>

#include "core/memory.h"
#include "core/timing.h"
#include "kernels/field_block.h"
#include "kernels/peak.h"

namespace pixnerd {
namespace {

constexpr int64_t kRuns = 9;
constexpr int64_t kPeakRounds = 1'000'000;

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

double peak_operations() {
  const int threads = at::get_num_threads();
  std::vector<int64_t> done(static_cast<size_t>(threads));
  at::parallel_for(0, threads, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) done[static_cast<size_t>(i)] = kernels::run_multiply_adds(kPeakRounds);
  });
  double total = 0;
  for (const int64_t operations : done) total += static_cast<double>(operations);
  return total;
}

void print_row(const char* name, const Timing& timing, double operations, double peak, double baseline) {
  const double rate = operations / timing.median() * 1e-9;
  std::printf("  %-34s %9.4f %9.4f %9.1f %8.0f %% %9.2f\n", name, timing.min(), timing.median(), rate,
              100 * rate / peak, baseline / timing.median());
}

void bench(const Sizes& sizes) {
  const at::Tensor u = at::randn({sizes.tokens, sizes.pixels, sizes.width});
  const at::Tensor parameters = at::randn({sizes.tokens, 2 * sizes.width * sizes.hidden});
  const at::Tensor weight = at::randn({sizes.width}), grad_y = at::randn(u.sizes());
  Block<float> block(sizes, u, parameters, weight, grad_y, at::kFloat);
  Block<kernels::BFloat16> half(sizes, u, parameters, weight, grad_y, at::kBFloat16);

  double peak_done = 0;
  const auto eager_forward = [&] {
    const c10::NoGradGuard no_grad;
    eager_block(sizes, u, parameters, weight);
  };
  const auto eager_both = [&] {
    const at::Tensor leaves[] = {u.detach().requires_grad_(), parameters.detach().requires_grad_(),
                                 weight.detach().requires_grad_()};
    eager_block(sizes, leaves[0], leaves[1], leaves[2]).backward(grad_y);
  };
  const std::function<void()> candidates[] = {[&] { peak_done = peak_operations(); },
                                              eager_forward,
                                              [&] { block.forward(); },
                                              [&] { half.forward(); },
                                              eager_both,
                                              [&] { block.forward(), block.backward(); },
                                              [&] { half.forward(), half.backward(); }};
  const auto timings = time_interleaved(candidates, kRuns);
  const double peak = peak_done / timings[0].min() * 1e-9;
  const double forward = 2 * sizes.products(), both = 6 * sizes.products();
  std::printf("%s; multiply-adds in registers reach %.0f GFLOP/s\n", sizes.name, peak);
  print_row("forward, eager", timings[1], forward, peak, timings[1].median());
  print_row("forward, float32", timings[2], forward, peak, timings[1].median());
  print_row("forward, bfloat16 storage", timings[3], forward, peak, timings[1].median());
  print_row("forward + backward, eager", timings[4], both, peak, timings[4].median());
  print_row("forward + backward, float32", timings[5], both, peak, timings[4].median());
  print_row("forward + backward, bf16 storage", timings[6], both, peak, timings[4].median());
  std::fflush(stdout);
}

}  // namespace
}  // namespace pixnerd

int main() {
  pixnerd::keep_freed_memory();
  std::printf("neural field block, %s, %d threads\n", std::string(isa_name(pixnerd::kernels::chosen_isa())).c_str(),
              at::get_num_threads());
  std::printf("  %-34s %9s %9s %9s %10s %9s\n", "", "min s", "median s", "GFLOP/s", "of peak", "speed-up");
  pixnerd::bench({"256 tokens of 256 pixels, E 64, H 128", 256, 256, 64, 128});
  pixnerd::bench({"1024 tokens of 64 pixels, E 32, H 64", 1024, 64, 32, 64});
  return 0;
}
