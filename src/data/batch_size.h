// Of which size the pictures of a batch are, where training mixes several: of one, so that they can be computed
// together.
#pragma once

#include <cstdint>
#include <vector>

#include "data/config.h"

namespace pixnerd::data {

// The side of the pictures of batch `batch` >= 0: one of more_sizes in a share of the batches, else image_size. A pure
// function of its arguments.
int64_t size_of_batch(const DataConfig& config, uint64_t seed, int64_t batch);

// The share of the batches that have each of config.sizes(), in their order.
std::vector<double> shares_of_sizes(const DataConfig& config);

}  // namespace pixnerd::data
