// The pictures that a run has drawn on its way, taken apart again.
#pragma once

#include <filesystem>
#include <vector>

#include "doctor/picture_measures.h"
#include "train/config.h"

namespace pixnerd::doctor {

// The pictures of a grid as train::preview() lays it out; none where the grid is of other pictures than `config` says.
std::vector<image::Image> taken_apart(const image::Image& grid, const train::RunConfig& config);

// Measures of the grids in RUN/samples, in the order of their steps: sixteen at most, the first and the last among
// them. Grids that cannot be read, or are of another layout, are left out.
std::vector<Drawn> measured_samples(const std::filesystem::path& run, const train::RunConfig& config);

}  // namespace pixnerd::doctor
