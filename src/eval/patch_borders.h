// How visible the grid of patches is: the mean squared difference of neighbouring pixels across the borders of P x P
// patches over that inside the patches. About 1 for pictures that know no patches, more where there are seams.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>

#include "eval/features.h"

namespace pixnerd::eval {

// pictures [B, H, W, 3] uint8 -> [B, 2] float32: the mean squared difference across borders and that inside, of levels
// from 0 to 255, right and below together. ConfigError unless P is at least 2 and a picture has a border and an inside.
at::Tensor border_differences(const at::Tensor& pictures, int64_t patch);

// The same for a set, [N, 2]: the ratio of the sums; nothing where the pictures are flat inside.
std::optional<double> border_ratio(const at::Tensor& differences);

// What `extractor` sees, with Features::borders besides.
FeatureExtractor with_borders(FeatureExtractor extractor, int64_t patch);

}  // namespace pixnerd::eval
