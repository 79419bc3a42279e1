// What the pictures decide of a run's configuration.
#pragma once

#include <string>

#include "data/picture_set.h"
#include "sample/model_file.h"
#include "train/config.h"

namespace pixnerd::train {

// Takes the numbers of classes and styles from the pictures where the configuration leaves them open. ConfigError,
// DataError: it names others, or pictures have no class.
void fit_to_data(RunConfig& config, const data::PictureSet& pictures);

// Of the network and what its labels are called.
sample::ModelDescription description_of(const RunConfig& config, const data::PictureSet& pictures);

// What pictures are told apart by, for the log: " of 10 classes in 3 styles".
std::string labels_of(const RunConfig& config);

}  // namespace pixnerd::train
