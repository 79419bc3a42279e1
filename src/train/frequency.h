// A frequency-aware loss, of DeCo (Ma et al., "DeCo: Frequency-Decoupled Pixel Diffusion for End-to-End Image
// Generation", arXiv 2511.19365, section 3.3): errors weigh as JPEG weighs them for eyes. What differs goes to YCbCr
// and, in blocks of 8 x 8 pixels, through an orthonormal DCT; the squares of the coefficients are weighted by 1 / Q, Q
// the quantisation table of a quality, those of a channel having the mean 1.
#pragma once

#include <ATen/core/Tensor.h>

namespace pixnerd::train {

class FrequencyLoss {
 public:
  // The table of a quality, 1 to 100, as libjpeg scales those of the JPEG standard (annex K): the lower, the less fine
  // detail counts; at 100 all counts alike.
  explicit FrequencyLoss(double quality);

  // Of each of B pictures the weighted mean square: difference [B, 3, H, W], RGB -> [B] float32. Where 8 does not
  // divide a side, nothing differs beyond it.
  at::Tensor operator()(const at::Tensor& difference) const;

 private:
  at::Tensor weights_;  // [3, 8, 8]
};

}  // namespace pixnerd::train
