#include "models/convolution.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/conv2d.h>

namespace pixnerd::models {

using nn::Activation;

FoldedConvolution::FoldedConvolution(const at::Tensor& weight, const BatchNorm& norm, const nn::ConvolutionForm& form,
                                     at::ScalarType type, const at::Device& device, Mode mode)
    : form_(form),
      weight_(std::make_shared<Weight>()),
      is_fused_(mode == Mode::infer && device.is_cpu() && nn::has_onednn(type)) {
  const at::Tensor scale = norm.weight.to(at::kDouble) / (norm.variance.to(at::kDouble) + norm.eps).sqrt();
  weight_->values = (weight.to(at::kDouble) * scale.view({-1, 1, 1, 1}))
                        .to(type)
                        .contiguous(at::MemoryFormat::ChannelsLast)
                        .to(device);
  bias_ = (norm.bias.to(at::kDouble) - norm.mean.to(at::kDouble) * scale).to(device, type);
}

at::Tensor FoldedConvolution::operator()(const at::Tensor& x) const {
  if (is_fused_) {
    std::call_once(weight_->is_packed,
                   [&] { weight_->values = nn::onednn_pack_convolution(weight_->values, form_, x.sizes()); });
    return nn::onednn_convolution(x, weight_->values, bias_, form_);
  }
  at::Tensor y = at::conv2d(x, weight_->values, bias_, form_.stride, form_.padding, 1, form_.groups);
  if (form_.activation == Activation::relu) y.relu_();
  if (form_.activation == Activation::relu6) y.clamp_(0, 6);
  return y;
}

}  // namespace pixnerd::models
