// Pictures as one .npz file, as ADM's evaluator reads them: arr_0, uint8 [N, H, W, 3], and for pictures of classes
// arr_1, their int64 [N]. https://github.com/openai/guided-diffusion/tree/main/evaluations
#pragma once

#include <filesystem>
#include <memory>

#include "sample/picture_output.h"

namespace pixnerd::sample {

// The file is written picture by picture, with one of them in memory, and appears when it is finished. Errors as
// Destination's.
std::unique_ptr<PictureOutput> open_npz(const std::filesystem::path& path, const OutputPlan& plan);

}  // namespace pixnerd::sample
