#include "eval/patch_borders.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>

#include <utility>

#include "core/errors.h"
#include "core/text.h"

namespace pixnerd::eval {
namespace {

struct Sums {
  at::Tensor across, inside;  // [B] float64, of squared differences
  int64_t borders = 0, others = 0;
};

// Of neighbours along one direction: `dim` 1 for those below, 2 for those to the right.
void add_neighbours(const at::Tensor& pictures, int64_t dim, int64_t patch, Sums& sums) {
  const int64_t steps = pictures.size(dim) - 1;
  const at::Tensor squares =
      (pictures.narrow(dim, 1, steps) - pictures.narrow(dim, 0, steps)).square().sum(/*dim=*/dim == 1 ? 2 : 1);
  const at::Tensor of_step = squares.sum(2, /*keepdim=*/false, at::kDouble);  // [B, steps]
  const at::Tensor is_border = (at::arange(1, steps + 1) % patch).eq(0);
  const int64_t borders = is_border.sum().item<int64_t>(), width = pictures.size(3 - dim) * pictures.size(3);
  sums.across += of_step.masked_fill(is_border.logical_not(), 0).sum(1);
  sums.inside += of_step.masked_fill(is_border, 0).sum(1);
  sums.borders += borders * width;
  sums.others += (steps - borders) * width;
}

}  // namespace

at::Tensor border_differences(const at::Tensor& pictures, int64_t patch) {
  if (patch < 2) throw ConfigError(concat("patches of ", patch, " pixels have no inside; name 2 or more"));
  const at::Tensor levels = pictures.to(at::kFloat);
  Sums sums{at::zeros({pictures.size(0)}, at::kDouble), at::zeros({pictures.size(0)}, at::kDouble)};
  for (const int64_t dim : {1, 2}) add_neighbours(levels, dim, patch, sums);
  if (sums.borders == 0) {
    throw ConfigError(concat("pictures of ", pictures.size(2), "x", pictures.size(1), " pixels have no border between ",
                             "patches of ", patch));
  }
  return at::stack({sums.across / static_cast<double>(sums.borders), sums.inside / static_cast<double>(sums.others)}, 1)
      .to(at::kFloat);
}

std::optional<double> border_ratio(const at::Tensor& differences) {
  const at::Tensor sums = differences.sum(0, /*keepdim=*/false, at::kDouble);
  const double inside = sums[1].item<double>();
  if (inside <= 0) return std::nullopt;
  return sums[0].item<double>() / inside;
}

FeatureExtractor with_borders(FeatureExtractor extractor, int64_t patch) {
  return [extractor = std::move(extractor), patch](const at::Tensor& pictures) {
    Features features = extractor(pictures);
    features.borders = border_differences(pictures, patch);
    return features;
  };
}

}  // namespace pixnerd::eval
