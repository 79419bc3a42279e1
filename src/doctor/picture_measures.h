// What pictures are measured by: how much they differ from grey, and whether the borders of patches show.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "doctor/finding.h"
#include "image/image.h"

namespace pixnerd::doctor {

struct PictureMeasures {
  double contrast = 0;  // standard deviation of the pixels of all pictures, in levels of 255
  double colour = 0;    // the same of the differences between their channels
  double border = 0;  // squared steps between neighbouring pixels across borders of patches, over those within patches
  double grid = 0;    // by how much the former are larger, over the variance of the pixels
};

// Of pictures of any sizes, at least one. Steps below two levels count as two, so that flat pictures have no borders.
PictureMeasures measure(std::span<const image::Image> pictures, int64_t patch);

// Whether there is less than a fifth of the data's contrast, or less than a seventh of its colours where it has some.
bool is_grey(const PictureMeasures& drawn, const PictureMeasures& data);
std::optional<Finding> check_grey(const PictureMeasures& drawn, const PictureMeasures& data);

// Pictures of one step.
struct Drawn {
  int64_t step = 0;
  PictureMeasures measures;
};

// Borders of patches that show in the last pictures, by half more than in the data, and stronger by a third than in
// earlier ones; while a network learns they fade. Of pictures that are grey still nothing is told, nor of those of one
// step alone. `history` is in the order of steps.
std::optional<Finding> check_grid(const std::vector<Drawn>& history, const PictureMeasures& data);

}  // namespace pixnerd::doctor
