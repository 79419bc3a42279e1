#include "nn/field_ends.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <torch/csrc/autograd/custom_function.h>

#include "kernels/field_ends.h"
#include "nn/kernel_call.h"

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
    ThreadSums grad_weight(shape.channels, shape.width), grad_table(shape.pixels, shape.width);
    with_storage_type(pixels, [&](auto type) {
      using T = decltype(type);
      over_rows(pixels.size(0), shape.pixels * shape.width, [&](int64_t begin, int64_t end) {
        const kernels::EmbedBackward<T> embed{read<T>(pixels),       read<float>(weight), read<T>(grad_u),
                                              write<T>(grad_pixels), grad_weight.mine(),  grad_table.mine()};
        kernels::embed_backward(shape, embed, {begin, end});
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
    ThreadSums grad_norm(1, shape.width), grad_weight(shape.channels, shape.width), grad_bias(1, shape.channels);
    with_storage_type(u, [&](auto type) {
      using T = decltype(type);
      over_rows(u.size(0), shape.pixels * shape.width, [&](int64_t begin, int64_t end) {
        kernels::FinalBackward<T> last;
        last.u = read<T>(u);
        last.norm_weight = read<float>(norm_weight);
        last.weight = read<float>(weight);
        last.grad_v = read<T>(grad_v);
        last.grad_u = write<T>(grad_u);
        last.grad_norm_weight = grad_norm.mine();
        last.grad_weight = grad_weight.mine();
        last.grad_bias = grad_bias.mine();
        kernels::final_backward(shape, last, {begin, end});
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
