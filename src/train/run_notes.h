// What a run says of itself at its start.
#pragma once

#include <cstdint>

#include "dist/group.h"
#include "train/config.h"

namespace pixnerd::train {

// How many pictures it trains on and how many are held out, over how many processes, and what saving memory costs
// where that is asked for.
void tell_what_is_trained(const RunConfig& config, int64_t pictures, int64_t held_out, const dist::Group& group);

}  // namespace pixnerd::train
