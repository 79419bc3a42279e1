// A perceptual loss: what a network that has learnt to see makes of two pictures, compared stage by stage. It is LPIPS
// (Zhang et al., arXiv 1801.03924) without its learnt weights, on EfficientNet-Lite0: of each stage the features of a
// place are scaled to length 1, and their squared distance, 2 - 2 cos, is averaged over the places; then over the
// stages.
//
// The stages are those at 1/2 to 1/16 of the picture's sides. Pictures are not enlarged to the 224 pixels that the
// network was trained with: of 64 pixels the last stage has 4 x 4 places, at a twelfth of the cost.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>

#include "models/efficientnet_lite.h"

namespace pixnerd::train {

inline constexpr int64_t kLeastPerceptualSide = 16;  // of which the last stage has one place

// Of each of B pictures [B, 3, H, W] in [-1, 1], sides at least kLeastPerceptualSide: [B] float32, 0 to 4, with
// gradients for `drawn` alone. The network is in Mode::train.
at::Tensor perceptual_losses(const models::EfficientNetLite& network, const at::Tensor& drawn, const at::Tensor& real);

}  // namespace pixnerd::train
