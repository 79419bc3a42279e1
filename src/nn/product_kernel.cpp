#include "nn/product_kernel.h"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <array>

#include "kernels/peak_tiles.h"
#include "kernels/product.h"
#include "kernels/quantise.h"
#include "nn/kernel_call.h"
#include "nn/onednn.h"

namespace pixnerd::nn {
namespace {

using kernels::Range;
using kernels::WeightShape;

// Splits a product among the threads by its outputs, or by its rows where there are too few of them: visit(first row,
// number of rows, strips).
template <class Visit>
void share_product(const WeightShape& shape, int64_t rows, const Visit& visit) {
  const int64_t strips = shape.strips(), threads = sharing_threads();
  if (strips >= 2 * threads || rows < 2 * kernels::kProductRows) {
    const int64_t work = rows * shape.in * kernels::kStripOutputs;
    return share(strips, work, [&](int64_t begin, int64_t end) { visit(0, rows, Range{begin, end}); });
  }
  const int64_t blocks = (rows + kernels::kProductRows - 1) / kernels::kProductRows;
  share(blocks, kernels::kProductRows * shape.in * shape.out, [&](int64_t begin, int64_t end) {
    const int64_t first = begin * kernels::kProductRows;
    visit(first, std::min(rows, end * kernels::kProductRows) - first, Range{0, strips});
  });
}

enum class Lies { as_is, transposed };

template <class T, class W, Lies kLies>
at::Tensor packed(const at::Tensor& weight, at::ScalarType type) {
  constexpr bool kTurned = kLies == Lies::transposed;
  const WeightShape shape{weight.size(kTurned ? 0 : 1), weight.size(kTurned ? 1 : 0)};
  at::Tensor result = at::empty({shape.packed_size<T>()}, weight.options().dtype(type));
  over_rows(shape.strips(), shape.in * kernels::kStripOutputs, [&](int64_t begin, int64_t end) {
    if constexpr (kTurned) {
      kernels::pack_transposed(shape, read<W>(weight), write<T>(result), {begin, end});
    } else {
      kernels::pack_weight(shape, read<W>(weight), write<T>(result), {begin, end});
    }
  });
  return result;
}

// Of float32 or bfloat16; what is not of the type, and no float32 that is rounded on the way, is cast first.
template <Lies kLies>
at::Tensor packed(const at::Tensor& given, at::ScalarType type) {
  const bool is_rounded = given.scalar_type() == at::kFloat && type == at::kBFloat16;
  const at::Tensor weight = (is_rounded ? given : given.to(type)).contiguous();
  if (type == at::kFloat) return packed<float, float, kLies>(weight, type);
  if (is_rounded) return packed<kernels::BFloat16, float, kLies>(weight, type);
  return packed<kernels::BFloat16, kernels::BFloat16, kLies>(weight, type);
}

// Adds some rows' part of a weight's gradient, or begins with it.
void add_rows(const at::Tensor& grad_y, const at::Tensor& x, bool is_added, at::Tensor& grad_weight) {
  const WeightShape shape{x.size(1), grad_y.size(1)};
  const at::Tensor packed_grad = pack_transposed_for_kernel(grad_y, grad_y.scalar_type());
  const at::Tensor packed_x = pack_transposed_for_kernel(x, x.scalar_type());
  with_storage_type(x, [&](auto type) {
    using T = decltype(type);
    const kernels::WeightGradient<T> of{read<T>(packed_grad), read<T>(packed_x), write<float>(grad_weight), is_added};
    share(shape.strips(), x.size(0) * shape.in * kernels::kStripOutputs, [&](int64_t begin, int64_t end) {
      kernels::weight_gradient(shape, x.size(0), of, {begin, end});
    });
  });
}

}  // namespace

bool has_product_kernel(at::ScalarType type) {
  const kernels::Isa isa = kernels::chosen_isa();
  if (type == at::kFloat) return kernels::has_product<float>() && !(isa == kernels::Isa::avx2 && has_onednn(type));
  if (kernels::has_tiles() || (isa == kernels::Isa::avx512 && has_onednn(type))) return false;
  return type == at::kBFloat16 ? kernels::has_product<kernels::BFloat16>()
                               : type == at::kChar && kernels::has_product<int8_t>();
}

at::Tensor pack_for_kernel(const at::Tensor& weight, at::ScalarType type) {
  if (type == at::kChar) return packed<int8_t, int8_t, Lies::as_is>(weight.contiguous(), type);
  return packed<Lies::as_is>(weight, type);
}

at::Tensor pack_transposed_for_kernel(const at::Tensor& weight, at::ScalarType type) {
  return packed<Lies::transposed>(weight, type);
}

at::Tensor kernel_weight_gradient(const at::Tensor& grad_y, const at::Tensor& x, const at::Tensor& sum) {
  constexpr int64_t kRowsTogether = 4096;  // strips of more would not stay in the cache
  const std::array<int64_t, 2> sizes{grad_y.size(1), x.size(1)};
  at::Tensor total = sum;
  if (!sum.defined()) total = x.size(0) == 0 ? at::zeros(sizes) : at::empty(sizes, x.options().dtype(at::kFloat));
  for (int64_t first = 0; first < x.size(0); first += kRowsTogether) {
    const int64_t count = std::min(kRowsTogether, x.size(0) - first);
    const bool is_added = sum.defined() || first > 0;
    add_rows(grad_y.narrow(0, first, count), x.narrow(0, first, count), is_added, total);
  }
  return total;
}

at::Tensor kernel_linear(const at::Tensor& given, const at::Tensor& weight, int64_t out, const at::Tensor& bias) {
  const at::Tensor x = given.contiguous();
  const WeightShape shape{x.size(-1), out};
  at::DimVector sizes(x.sizes());
  sizes.back() = out;
  at::Tensor y = at::empty(sizes, x.options());
  with_storage_type(x, [&](auto type) {
    using T = decltype(type);
    const kernels::Product<T> all{read<T>(x), read<T>(weight), read<float>(bias), write<T>(y)};
    share_product(shape, x.numel() / shape.in, [&](int64_t first, int64_t rows, Range strips) {
      kernels::Product<T> part = all;
      part.x += first * shape.in;
      part.y += first * shape.out;
      kernels::product(shape, rows, part, strips);
    });
  });
  return y;
}

PackedInt8 pack_int8_for_kernel(const at::Tensor& values, const at::Tensor& scales) {
  const at::Tensor rows = values.contiguous();
  PackedInt8 packed{pack_for_kernel(rows, at::kChar), scales.to(at::kFloat).contiguous(),
                    at::empty({rows.size(0)}, rows.options().dtype(at::kInt))};
  const kernels::SumRows sums{read<int8_t>(rows), write<int32_t>(packed.sums)};
  over_rows(rows.size(0), rows.size(1), [&](int64_t begin, int64_t end) {
    kernels::sum_rows(rows.size(1), sums, {begin, end});
  });
  return packed;
}

at::Tensor kernel_linear_int8(const at::Tensor& given, const at::Tensor& row_scales, const PackedInt8& weight,
                              const at::Tensor& bias) {
  const at::Tensor x = given.contiguous();
  const WeightShape shape{x.size(1), weight.scales.size(0)};
  at::Tensor y = at::empty({x.size(0), shape.out}, x.options().dtype(at::kBFloat16));
  const kernels::ProductInt8 all{read<uint8_t>(x),           read<int8_t>(weight.weight), read<int32_t>(weight.sums),
                                 read<float>(weight.scales), read<float>(row_scales),     read<float>(bias),
                                 write<kernels::BFloat16>(y)};
  share_product(shape, x.size(0), [&](int64_t first, int64_t rows, Range strips) {
    kernels::ProductInt8 part = all;
    part.q += first * shape.in;
    part.y += first * shape.out;
    if (part.row_scales != nullptr) part.row_scales += first;
    kernels::product_int8(shape, rows, part, strips);
  });
  return y;
}

}  // namespace pixnerd::nn
