// Weights to begin a run with: drawn at random, or taken from a file of published or own weights.
#pragma once

#include <filesystem>
#include <string>

#include "models/network.h"
#include "sample/model_file.h"

namespace pixnerd::train {

// Copies the weights of a file, its average where it has one, over the network's, which must have been initialised and
// is what `description` says. Of the tables of classes and styles, where both sides have names, each name takes the row
// of its namesake in the file, and no class that of no class; without names a table is taken if it has the same size.
// What has no row in the file stays as it is. The result says so where rows were moved or made anew, for the log:
// "2 of 3 classes take the rows of their namesakes in the file; made anew: fox (2)"; empty if everything was taken as
// it is. DataError, CheckpointError: the file cannot be read, or is of another network, whose sizes are named, or,
// unless `other_prediction`, its network predicts something else than this one.
std::string take_weights(models::Network& network, const sample::ModelDescription& description,
                         const std::filesystem::path& path, bool other_prediction = false);

}  // namespace pixnerd::train
