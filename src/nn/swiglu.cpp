#include "nn/swiglu.h"

namespace pixnerd::nn {

SwiGLUImpl::SwiGLUImpl(int64_t width, int64_t hidden) {
  w1_ = register_module("w1", Linear(width, hidden, /*with_bias=*/false));
  w3_ = register_module("w3", Linear(width, hidden, /*with_bias=*/false));
  w2_ = register_module("w2", Linear(hidden, width, /*with_bias=*/false));
}

void SwiGLUImpl::initialise(at::Generator& generator) {
  w1_->initialise(generator);
  w3_->initialise(generator);
  w2_->initialise(generator);
}

void SwiGLUImpl::pack(at::ScalarType dtype) {
  w1_->pack(dtype);
  w3_->pack(dtype);
  w2_->pack(dtype);
}

at::Tensor SwiGLUImpl::forward(const at::Tensor& x) const {
  return w2_->forward(w3_->forward_times(x, w1_->forward_silu(x)));
}

}  // namespace pixnerd::nn
