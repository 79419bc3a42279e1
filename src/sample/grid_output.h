// Pictures as one PNG: a grid of them, or a single one as it is. All are in memory until the last.
#pragma once

#include <filesystem>
#include <memory>

#include "sample/picture_output.h"

namespace pixnerd::sample {

// RequestError: a grid too large for one picture or for memory, and as Destination; DataError as that.
std::unique_ptr<PictureOutput> open_grid(const std::filesystem::path& path, const OutputPlan& plan);

}  // namespace pixnerd::sample
