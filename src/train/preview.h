// The pictures that a run draws on its way: the same noise, classes and styles each time, so that what changes is the
// network.
#pragma once

#include "image/image.h"
#include "models/network.h"
#include "train/config.h"

namespace pixnerd::train {

// A grid of train.sample_pictures pictures with the settings of the `sample:` section. Classes are spread evenly,
// styles take turns, picture i has the noise of seed i.
image::Image preview(models::Network& network, const RunConfig& config);

}  // namespace pixnerd::train
