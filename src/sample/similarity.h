// How alike the conditioning s is from step to step while a network draws: what a schedule of reuse is chosen by.
#pragma once

#include <vector>

#include "core/progress.h"
#include "diffusion/reuse_schedule.h"
#include "sample/drawing.h"

namespace pixnerd::sample {

// Draws the pictures without keeping them, with s computed at every step whatever the settings say of reuse
// (diffusion/similarity_recorder.h says what is measured and what memory it takes). All have the same settings of
// the sampler. Progress counts steps of single pictures. RequestError as Drawing, for two sizes, and for more than
// kMostComparedSteps.
diffusion::Similarity measure_similarity(models::Network& network, const std::vector<PictureRequest>& pictures,
                                         const DrawSettings& settings, Progress& progress);

}  // namespace pixnerd::sample
