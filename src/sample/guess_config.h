// Which network weights are of, told from the names and shapes of its parameters: what official checkpoints do not say.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "models/config.h"
#include "sample/weight_sets.h"

namespace pixnerd::sample {

using Shapes = std::map<std::string, std::vector<int64_t>, std::less<>>;

// Of the entries of a set, under their parameters' own names.
Shapes shapes_of(const std::vector<NamedEntry>& entries, WeightSet set);

// Shapes under the parameters' own names. Nothing if they are of no network that is known, or of an impossible one.
// Whether a text-to-image network is the plain one or the one with the heavy decoder, shapes cannot tell: the heavy one
// is taken, as published last; its base size is 512, or what of it whole patches fill, and at that size both are the
// same.
std::optional<models::ModelConfig> guess_config(const Shapes& shapes);

// "class-conditional, width 1024, 16 heads, 22 transformer and 2 neural-field blocks, ...".
std::string describe(const models::ModelConfig& config);

}  // namespace pixnerd::sample
