#include "checkpoint/quantised.h"

#include <algorithm>
#include <cmath>

#include "checkpoint/messages.h"

namespace pixnerd::checkpoint {
namespace {

void check(const std::string& name, const at::Tensor& weight, const at::Tensor& scales, const std::string& source) {
  const auto fail = [&](const auto&... what) {
    throw error_in(source, concat(printable(name), kScaleEnding, " ", what...));
  };
  if (scales.scalar_type() != at::kFloat) fail("has dtype ", c10::toString(scales.scalar_type()), ", not Float");
  if (scales.dim() != 1 || scales.size(0) != weight.size(0)) {
    fail("has shape ", scales.sizes(), ", but ", printable(name), " has ", weight.size(0), " rows");
  }
  const at::Tensor values = scales.contiguous();
  const float* first = values.const_data_ptr<float>();
  const auto wrong =
      std::find_if(first, first + values.numel(), [](float scale) { return !std::isfinite(scale) || scale < 0; });
  if (wrong != first + values.numel()) {
    fail("has the value ", *wrong, " for row ", wrong - first, "; scales are finite and not negative");
  }
}

}  // namespace

std::map<std::string, at::Tensor> take_scales(std::map<std::string, at::Tensor>& tensors, const std::string& source) {
  std::map<std::string, at::Tensor> scales;
  for (const auto& [name, tensor] : tensors) {
    if (tensor.scalar_type() != at::kChar) continue;
    if (tensor.dim() != 2) {
      throw error_in(source, concat(printable(name), " is I8 and has shape ", tensor.sizes(), ", but is no matrix"));
    }
    const auto found = tensors.find(concat(name, kScaleEnding));
    if (found == tensors.end()) {
      throw error_in(source, concat(printable(name), " is I8, but ", printable(name), kScaleEnding, " is missing"));
    }
    check(name, tensor, found->second, source);
    scales.emplace(name, found->second.contiguous());
  }
  for (const auto& [name, scale] : scales) tensors.erase(concat(name, kScaleEnding));
  for (const auto& [name, tensor] : tensors) {
    if (name.ends_with(kScaledEnding)) {
      throw error_in(source, concat(printable(name), " belongs to no I8 entry"));
    }
  }
  return scales;
}

bool has_quantised(const std::map<std::string, at::Tensor>& tensors) {
  return std::any_of(tensors.begin(), tensors.end(),
                     [](const auto& each) { return each.second.scalar_type() == at::kChar; });
}

}  // namespace pixnerd::checkpoint
