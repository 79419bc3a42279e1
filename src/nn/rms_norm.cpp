#include "nn/rms_norm.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/mean.h>
#include <ATen/ops/rsqrt.h>

namespace pixnerd::nn {

RMSNormImpl::RMSNormImpl(int64_t width) {
  weight = register_parameter("weight", at::empty({width}));
}

void RMSNormImpl::initialise() {
  const at::NoGradGuard no_grad;
  weight.fill_(1.0);
}

at::Tensor RMSNormImpl::forward(const at::Tensor& x) const {
  const at::Tensor x32 = x.to(at::kFloat);
  const at::Tensor scale = at::rsqrt(at::mean(x32 * x32, {-1}, /*keepdim=*/true) + kRMSNormEps);
  return (x32 * scale).to(x.scalar_type()) * weight;
}

}  // namespace pixnerd::nn
