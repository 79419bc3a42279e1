// What a network can draw, and what fits into memory.
#pragma once

#include <cstdint>

#include "engine/config.h"
#include "models/network.h"

namespace pixnerd::engine {

// RequestError for sizes, the first one and the one it is decoded at, that this network has no answer to.
void require_sizes(const models::ModelConfig& config, const SampleConfig& settings);

// Bytes for pictures that are drawn together, and the weights, in memory.
double bytes_of(const models::Network& network, models::Precision precision, const SampleConfig& settings,
                int64_t pictures);

// RequestError if that many pictures at a time need more memory, weights included, than there is; the message has the
// numbers. `more` bytes are taken by something else, which is named ("the encoded prompts"). available 0 is unknown.
void require_memory(const models::Network& network, models::Precision precision, const SampleConfig& settings,
                    int64_t pictures, uint64_t available, double more = 0, const char* name_of_more = "");

// As many pictures at a time as fit: `most`, halved until they do, 1 at least.
int64_t most_in_memory(const models::Network& network, models::Precision precision, const SampleConfig& settings,
                       int64_t most, uint64_t available);

}  // namespace pixnerd::engine
