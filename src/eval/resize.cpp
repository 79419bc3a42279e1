#include "eval/resize.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>

#include <algorithm>

#include "image/resize.h"

namespace pixnerd::eval {

at::Tensor resize_to(const at::Tensor& pictures, int64_t side) {
  if (pictures.size(1) == side && pictures.size(2) == side) return pictures;
  const at::Tensor from = pictures.contiguous();
  at::Tensor to = at::empty({from.size(0), side, side, 3}, at::kByte);
  const uint8_t* const source = from.const_data_ptr<uint8_t>();
  uint8_t* const target = to.mutable_data_ptr<uint8_t>();
  at::parallel_for(0, from.size(0), 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      image::Image picture = image::blank(static_cast<int>(from.size(2)), static_cast<int>(from.size(1)));
      std::copy_n(source + i * from.stride(0), from.stride(0), picture.rgb.begin());
      const auto resized =
          image::resize(picture, static_cast<int>(side), static_cast<int>(side), image::Filter::bicubic);
      std::copy(resized.rgb.begin(), resized.rgb.end(), target + i * to.stride(0));
    }
  });
  return to;
}

}  // namespace pixnerd::eval
