// The pictures that a run draws on its way: the same noise, classes and styles each time, so that what changes is the
// network.
#pragma once

#include "core/stop.h"
#include "image/image.h"
#include "models/network.h"
#include "train/conditions.h"
#include "train/config.h"

namespace pixnerd::train {

// A grid of train.sample_pictures pictures with the settings of the `sample:` section. Classes are spread evenly,
// styles take turns; of captions, those of pictures evenly spread over the set are drawn. Picture i has the noise of
// seed i. Stopped, within a step of the sampler, if `stop` says so.
image::Image preview(models::Network& network, Conditions& conditions, const data::PictureSet& pictures,
                     const RunConfig& config, const StopRequested& stop);

// The layout of that grid.
inline constexpr int kPreviewPadding = 2;
int64_t preview_columns(int64_t pictures);

}  // namespace pixnerd::train
