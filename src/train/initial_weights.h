// Weights to begin a run with: drawn at random, or taken from a file of published or own weights.
#pragma once

#include <filesystem>
#include <string>

#include "models/network.h"

namespace pixnerd::train {

// Copies the weights of a safetensors file, its average where it has one, over the network's, which must have been
// initialised. The tables of classes and styles stay as they are where the file's have other sizes or are missing; the
// result names them, for the log: "y_embedder.embedding_table.weight is made anew: 10 classes in the file, 3 now".
// Empty if everything was taken. DataError, CheckpointError: the file cannot be read, or is of another network.
std::string take_weights(models::Network& network, const std::filesystem::path& path);

}  // namespace pixnerd::train
