// The pictures that a training run has kept from its network.
#pragma once

#include <memory>
#include <string>

#include "data/picture_set.h"

namespace pixnerd::cli {

// `run` is the folder of a run, or its configuration, which is what `pixnerd train` takes: its data.path,
// data.held_out and train.seed decide. ConfigError where it holds out nothing; errors as data::open_pictures().
std::shared_ptr<const data::PictureSet> held_out_of(const std::string& run);

}  // namespace pixnerd::cli
