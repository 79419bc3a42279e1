// Pictures at the side their network was trained on.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace pixnerd::eval {

// pictures [B, H, W, 3] uint8 -> [B, side, side, 3] uint8 by Pillow's bicubic filter, which averages where it shrinks;
// those that have the size are returned as they are.
at::Tensor resize_to(const at::Tensor& pictures, int64_t side);

}  // namespace pixnerd::eval
