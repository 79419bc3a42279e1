#include "nn/field_ends.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <torch/csrc/autograd/custom_function.h>

#include "kernels/field_ends.h"
#include "nn/kernel_call.h"
#include "nn/spans.h"

namespace pixnerd::nn {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// `pixels_or_u` is [T, N, any].
kernels::FieldEndShape first_shape(const at::Tensor& pixels_or_u, int64_t width, int64_t channels) {
  kernels::FieldEndShape shape;
  shape.pixels = pixels_or_u.size(1);
  shape.width = width;
  shape.channels = channels;
  return shape;
}

// Of a backward pass over `tokens`.
Spans spans_of(const kernels::FieldEndShape& shape, int64_t tokens) {
  return {1, tokens, kWorkOfNumber * shape.pixels * shape.width};
}

// pixels [T, N, C], weight [C, E] and table [N, E] float32, all contiguous.
struct EmbedPixels : torch::autograd::Function<EmbedPixels> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& pixels, const at::Tensor& weight,
                            const at::Tensor& table) {
    context->save_for_backward({pixels, weight});
    const kernels::FieldEndShape shape = first_shape(pixels, weight.size(1), weight.size(0));
    at::Tensor u = at::empty({pixels.size(0), shape.pixels, shape.width}, pixels.options());
    with_storage_type(pixels, [&](auto type) {
      using T = decltype(type);
      const kernels::EmbedForward<T> embed{read<T>(pixels), read<float>(weight), read<float>(table), write<T>(u)};
      over_rows(pixels.size(0), shape.pixels * shape.width, [&](int64_t begin, int64_t end) {
        kernels::embed_forward(shape, embed, {begin, end});
      });
    });
    return u;
  }

  static variable_list backward(AutogradContext* context, const variable_list& grad) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &pixels = saved[0], &weight = saved[1], grad_u = grad[0].contiguous();
    const kernels::FieldEndShape shape = first_shape(pixels, weight.size(1), weight.size(0));
    at::Tensor grad_pixels;
    if (context->needs_input_grad(0)) grad_pixels = at::empty_like(pixels);
    const Spans spans = spans_of(shape, pixels.size(0));
    SpanSums grad_weight(spans.count(), shape.channels, shape.width);
    SpanSums grad_table(spans.count(), shape.pixels, shape.width);
    with_storage_type(pixels, [&](auto type) {
      using T = decltype(type);
      spans.share([&](const Span& span) {
        kernels::EmbedBackward<T> embed;
        embed.pixels = read<T>(pixels);
        embed.weight = read<float>(weight);
        embed.grad_u = read<T>(grad_u);
        embed.grad_pixels = write<T>(grad_pixels);
        embed.grad_weight = grad_weight.of(span.number);
        embed.grad_table = grad_table.of(span.number);
        kernels::embed_backward(shape, embed, {span.begin, span.end});
      });
    });
    return {grad_pixels, grad_weight.total(), grad_table.total()};
  }
};

kernels::FieldEndShape final_shape(const at::Tensor& u, const at::Tensor& norm_weight, const at::Tensor& weight) {
  kernels::FieldEndShape shape = first_shape(u, u.size(2), weight.size(0));
  shape.normalise = norm_weight.defined();
  return shape;
}

// u [T, N, E]; the others float32; all contiguous.
struct FieldToPixels : torch::autograd::Function<FieldToPixels> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& u,
                            const std::optional<at::Tensor>& given_norm_weight, const at::Tensor& weight,
                            const at::Tensor& bias) {
    const at::Tensor norm_weight = given_norm_weight.value_or(at::Tensor());
    context->save_for_backward({u, norm_weight, weight});
    const kernels::FieldEndShape shape = final_shape(u, norm_weight, weight);
    at::Tensor v = at::empty({u.size(0), shape.pixels, shape.channels}, u.options());
    with_storage_type(u, [&](auto type) {
      using T = decltype(type);
      const kernels::FinalForward<T> last{read<T>(u), read<float>(norm_weight), read<float>(weight), read<float>(bias),
                                          write<T>(v)};
      over_rows(u.size(0), shape.pixels * shape.width, [&](int64_t begin, int64_t end) {
        kernels::final_forward(shape, last, {begin, end});
      });
    });
    return v;
  }

  static variable_list backward(AutogradContext* context, const variable_list& grad) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &u = saved[0], &norm_weight = saved[1], &weight = saved[2], grad_v = grad[0].contiguous();
    const kernels::FieldEndShape shape = final_shape(u, norm_weight, weight);
    at::Tensor grad_u = at::empty_like(u);
    const Spans spans = spans_of(shape, u.size(0));
    SpanSums grad_norm(spans.count(), 1, shape.width), grad_weight(spans.count(), shape.channels, shape.width);
    SpanSums grad_bias(spans.count(), 1, shape.channels);
    with_storage_type(u, [&](auto type) {
      using T = decltype(type);
      spans.share([&](const Span& span) {
        kernels::FinalBackward<T> last;
        last.u = read<T>(u);
        last.norm_weight = read<float>(norm_weight);
        last.weight = read<float>(weight);
        last.grad_v = read<T>(grad_v);
        last.grad_u = write<T>(grad_u);
        last.grad_norm_weight = grad_norm.of(span.number);
        last.grad_weight = grad_weight.of(span.number);
        last.grad_bias = grad_bias.of(span.number);
        kernels::final_backward(shape, last, {span.begin, span.end});
      });
    });
    const at::Tensor grad_norm_weight = shape.normalise ? grad_norm.total()[0] : at::Tensor();
    return {grad_u, grad_norm_weight, grad_weight.total(), grad_bias.total()[0]};
  }
};

}  // namespace

at::Tensor embed_pixels(const at::Tensor& pixels, const at::Tensor& weight, const at::Tensor& table) {
  return EmbedPixels::apply(pixels.contiguous(), weight.t().to(at::kFloat).contiguous(),
                            table.to(at::kFloat).contiguous());
}

at::Tensor field_to_pixels(const at::Tensor& u, const std::optional<at::Tensor>& norm_weight, const at::Tensor& weight,
                           const at::Tensor& bias) {
  return FieldToPixels::apply(u.contiguous(), norm_weight, weight.to(at::kFloat).contiguous(), bias);
}

}  // namespace pixnerd::nn
