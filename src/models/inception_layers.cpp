#include "models/inception_layers.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/List.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/ops/conv2d.h>

#include <optional>
#include <string_view>

#include "nn/onednn.h"

namespace pixnerd::models {
namespace {

constexpr InceptionLayer kLayers[] = {
    {"Conv2d_1a_3x3", 3, 32, 3, 3, 2, false},
    {"Conv2d_2a_3x3", 32, 32, 3, 3, 1, false},
    {"Conv2d_2b_3x3", 32, 64, 3, 3},
    {"Conv2d_3b_1x1", 64, 80, 1, 1},
    {"Conv2d_4a_3x3", 80, 192, 3, 3, 1, false},
    {"Mixed_5b.branch1x1", 192, 64, 1, 1},
    {"Mixed_5b.branch5x5_1", 192, 48, 1, 1},
    {"Mixed_5b.branch5x5_2", 48, 64, 5, 5},
    {"Mixed_5b.branch3x3dbl_1", 192, 64, 1, 1},
    {"Mixed_5b.branch3x3dbl_2", 64, 96, 3, 3},
    {"Mixed_5b.branch3x3dbl_3", 96, 96, 3, 3},
    {"Mixed_5b.branch_pool", 192, 32, 1, 1},
    {"Mixed_5c.branch1x1", 256, 64, 1, 1},
    {"Mixed_5c.branch5x5_1", 256, 48, 1, 1},
    {"Mixed_5c.branch5x5_2", 48, 64, 5, 5},
    {"Mixed_5c.branch3x3dbl_1", 256, 64, 1, 1},
    {"Mixed_5c.branch3x3dbl_2", 64, 96, 3, 3},
    {"Mixed_5c.branch3x3dbl_3", 96, 96, 3, 3},
    {"Mixed_5c.branch_pool", 256, 64, 1, 1},
    {"Mixed_5d.branch1x1", 288, 64, 1, 1},
    {"Mixed_5d.branch5x5_1", 288, 48, 1, 1},
    {"Mixed_5d.branch5x5_2", 48, 64, 5, 5},
    {"Mixed_5d.branch3x3dbl_1", 288, 64, 1, 1},
    {"Mixed_5d.branch3x3dbl_2", 64, 96, 3, 3},
    {"Mixed_5d.branch3x3dbl_3", 96, 96, 3, 3},
    {"Mixed_5d.branch_pool", 288, 64, 1, 1},
    {"Mixed_6a.branch3x3", 288, 384, 3, 3, 2, false},
    {"Mixed_6a.branch3x3dbl_1", 288, 64, 1, 1},
    {"Mixed_6a.branch3x3dbl_2", 64, 96, 3, 3},
    {"Mixed_6a.branch3x3dbl_3", 96, 96, 3, 3, 2, false},
    {"Mixed_6b.branch1x1", 768, 192, 1, 1},
    {"Mixed_6b.branch7x7_1", 768, 128, 1, 1},
    {"Mixed_6b.branch7x7_2", 128, 128, 1, 7},
    {"Mixed_6b.branch7x7_3", 128, 192, 7, 1},
    {"Mixed_6b.branch7x7dbl_1", 768, 128, 1, 1},
    {"Mixed_6b.branch7x7dbl_2", 128, 128, 7, 1},
    {"Mixed_6b.branch7x7dbl_3", 128, 128, 1, 7},
    {"Mixed_6b.branch7x7dbl_4", 128, 128, 7, 1},
    {"Mixed_6b.branch7x7dbl_5", 128, 192, 1, 7},
    {"Mixed_6b.branch_pool", 768, 192, 1, 1},
    {"Mixed_6c.branch1x1", 768, 192, 1, 1},
    {"Mixed_6c.branch7x7_1", 768, 160, 1, 1},
    {"Mixed_6c.branch7x7_2", 160, 160, 1, 7},
    {"Mixed_6c.branch7x7_3", 160, 192, 7, 1},
    {"Mixed_6c.branch7x7dbl_1", 768, 160, 1, 1},
    {"Mixed_6c.branch7x7dbl_2", 160, 160, 7, 1},
    {"Mixed_6c.branch7x7dbl_3", 160, 160, 1, 7},
    {"Mixed_6c.branch7x7dbl_4", 160, 160, 7, 1},
    {"Mixed_6c.branch7x7dbl_5", 160, 192, 1, 7},
    {"Mixed_6c.branch_pool", 768, 192, 1, 1},
    {"Mixed_6d.branch1x1", 768, 192, 1, 1},
    {"Mixed_6d.branch7x7_1", 768, 160, 1, 1},
    {"Mixed_6d.branch7x7_2", 160, 160, 1, 7},
    {"Mixed_6d.branch7x7_3", 160, 192, 7, 1},
    {"Mixed_6d.branch7x7dbl_1", 768, 160, 1, 1},
    {"Mixed_6d.branch7x7dbl_2", 160, 160, 7, 1},
    {"Mixed_6d.branch7x7dbl_3", 160, 160, 1, 7},
    {"Mixed_6d.branch7x7dbl_4", 160, 160, 7, 1},
    {"Mixed_6d.branch7x7dbl_5", 160, 192, 1, 7},
    {"Mixed_6d.branch_pool", 768, 192, 1, 1},
    {"Mixed_6e.branch1x1", 768, 192, 1, 1},
    {"Mixed_6e.branch7x7_1", 768, 192, 1, 1},
    {"Mixed_6e.branch7x7_2", 192, 192, 1, 7},
    {"Mixed_6e.branch7x7_3", 192, 192, 7, 1},
    {"Mixed_6e.branch7x7dbl_1", 768, 192, 1, 1},
    {"Mixed_6e.branch7x7dbl_2", 192, 192, 7, 1},
    {"Mixed_6e.branch7x7dbl_3", 192, 192, 1, 7},
    {"Mixed_6e.branch7x7dbl_4", 192, 192, 7, 1},
    {"Mixed_6e.branch7x7dbl_5", 192, 192, 1, 7},
    {"Mixed_6e.branch_pool", 768, 192, 1, 1},
    {"Mixed_7a.branch3x3_1", 768, 192, 1, 1},
    {"Mixed_7a.branch3x3_2", 192, 320, 3, 3, 2, false},
    {"Mixed_7a.branch7x7x3_1", 768, 192, 1, 1},
    {"Mixed_7a.branch7x7x3_2", 192, 192, 1, 7},
    {"Mixed_7a.branch7x7x3_3", 192, 192, 7, 1},
    {"Mixed_7a.branch7x7x3_4", 192, 192, 3, 3, 2, false},
    {"Mixed_7b.branch1x1", 1280, 320, 1, 1},
    {"Mixed_7b.branch3x3_1", 1280, 384, 1, 1},
    {"Mixed_7b.branch3x3_2a", 384, 384, 1, 3},
    {"Mixed_7b.branch3x3_2b", 384, 384, 3, 1},
    {"Mixed_7b.branch3x3dbl_1", 1280, 448, 1, 1},
    {"Mixed_7b.branch3x3dbl_2", 448, 384, 3, 3},
    {"Mixed_7b.branch3x3dbl_3a", 384, 384, 1, 3},
    {"Mixed_7b.branch3x3dbl_3b", 384, 384, 3, 1},
    {"Mixed_7b.branch_pool", 1280, 192, 1, 1},
    {"Mixed_7c.branch1x1", 2048, 320, 1, 1},
    {"Mixed_7c.branch3x3_1", 2048, 384, 1, 1},
    {"Mixed_7c.branch3x3_2a", 384, 384, 1, 3},
    {"Mixed_7c.branch3x3_2b", 384, 384, 3, 1},
    {"Mixed_7c.branch3x3dbl_1", 2048, 448, 1, 1},
    {"Mixed_7c.branch3x3dbl_2", 448, 384, 3, 3},
    {"Mixed_7c.branch3x3dbl_3a", 384, 384, 1, 3},
    {"Mixed_7c.branch3x3dbl_3b", 384, 384, 3, 1},
    {"Mixed_7c.branch_pool", 2048, 192, 1, 1},
};

// What torch.compile calls for a convolution with a ReLU behind it. The framework has no C++ functions for them.
using Scalars = c10::List<std::optional<at::Scalar>>;
using Reorder = at::Tensor(const at::Tensor&, c10::SymIntArrayRef, c10::SymIntArrayRef, c10::SymIntArrayRef,
                           c10::SymInt, at::OptionalSymIntArrayRef);
using Pointwise = at::Tensor(const at::Tensor&, const at::Tensor&, const std::optional<at::Tensor>&,
                             c10::SymIntArrayRef, c10::SymIntArrayRef, c10::SymIntArrayRef, c10::SymInt,
                             std::string_view, Scalars, std::optional<std::string_view>);
constexpr const char* kReorder = "mkldnn::_reorder_convolution_weight";
constexpr const char* kPointwise = "mkldnn::_convolution_pointwise";

bool has_fused_convolution(at::ScalarType type) {
  static const bool has_operators = c10::Dispatcher::singleton().findSchema({kReorder, ""}) &&
                                    c10::Dispatcher::singleton().findSchema({kPointwise, ""});
  return has_operators && nn::has_onednn(type);
}

template <class Signature>
const c10::TypedOperatorHandle<Signature>& operator_of(const char* name) {
  static const auto handle = c10::Dispatcher::singleton().findSchemaOrThrow(name, "").template typed<Signature>();
  return handle;
}

const std::array<int64_t, 2> kDilation = {1, 1};

}  // namespace

std::span<const InceptionLayer> inception_layers() {
  return kLayers;
}

InceptionConvolution::InceptionConvolution(const InceptionLayer& layer, const at::Tensor& weight,
                                           const InceptionNorm& norm, at::ScalarType type)
    : stride_{layer.stride, layer.stride} {
  padding_ = layer.padded ? std::array{(layer.height - 1) / 2, (layer.width - 1) / 2} : std::array<int64_t, 2>{0, 0};
  const at::Tensor scale = norm.weight.to(at::kDouble) / (norm.variance.to(at::kDouble) + kInceptionNormEps).sqrt();
  weight_ = (weight.to(at::kDouble) * scale.view({-1, 1, 1, 1})).to(type).contiguous(at::MemoryFormat::ChannelsLast);
  bias_ = (norm.bias.to(at::kDouble) - norm.mean.to(at::kDouble) * scale).to(type);
  packed_ = has_fused_convolution(type);
  if (packed_) {
    weight_ = operator_of<Reorder>(kReorder).call(weight_, c10::fromIntArrayRefSlow(padding_),
                                                  c10::fromIntArrayRefSlow(stride_),
                                                  c10::fromIntArrayRefSlow(kDilation), 1, std::nullopt);
  }
}

at::Tensor InceptionConvolution::operator()(const at::Tensor& x) const {
  if (!packed_) return at::conv2d(x, weight_, bias_, stride_, padding_).relu_();
  return operator_of<Pointwise>(kPointwise)
      .call(x, weight_, bias_, c10::fromIntArrayRefSlow(padding_), c10::fromIntArrayRefSlow(stride_),
            c10::fromIntArrayRefSlow(kDilation), 1, "relu", Scalars(), std::nullopt);
}

}  // namespace pixnerd::models
