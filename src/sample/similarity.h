// How alike the conditioning s is from step to step while a network draws: what a schedule of reuse is chosen by.
#pragma once

#include <vector>

#include "core/progress.h"
#include "diffusion/reuse_schedule.h"
#include "models/network.h"
#include "sample/job.h"

namespace pixnerd::sample {

// Draws the jobs' pictures without keeping them, with s computed at every step whatever the settings say of reuse
// (diffusion/similarity_recorder.h says what is measured and what memory it takes). All jobs have the same settings of
// the sampler. Progress counts steps of single pictures. RequestError as sample_images(), for two sizes, and for more
// than kMostComparedSteps.
diffusion::Similarity measure_similarity(models::Network& network, const std::vector<Job>& jobs, Progress& progress);

}  // namespace pixnerd::sample
