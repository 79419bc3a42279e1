// Weights in 8 bits in a file: an I8 entry [out, in] and, under its name with "_scale" behind, an F32 entry [out]. The
// weight is the product of both, each scale for a row.
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <string>
#include <string_view>

namespace pixnerd::checkpoint {

inline constexpr std::string_view kScaleEnding = "_scale";
inline constexpr std::string_view kScaledEnding = ".weight_scale";

// Takes the scales out of a file's tensors, by the names of their weights. Throws CheckpointError that begins with
// source and names the entry if an I8 tensor has no scales or is no matrix, if scales belong to none, or if they are
// not F32, not one a row, negative or not finite.
std::map<std::string, at::Tensor> take_scales(std::map<std::string, at::Tensor>& tensors, const std::string& source);

// Whether any is in 8 bits.
bool has_quantised(const std::map<std::string, at::Tensor>& tensors);

}  // namespace pixnerd::checkpoint
