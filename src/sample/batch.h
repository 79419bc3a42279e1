// Where the pictures of a batch begin.
#pragma once

#include <cstdint>

#include "diffusion/noise.h"
#include "models/network.h"
#include "sample/condition.h"
#include "sample/request.h"

namespace pixnerd::sample {

struct Batch {
  int64_t first, size;          // of the request's pictures
  BatchCondition condition;     // on the network's device, as x_0 is
  diffusion::ImageNoise noise;  // whose first draw is x_0
  at::Tensor x_0;               // [B, 3, H, W]
};

// The pictures first .. last - 1 of a request that has been checked.
Batch batch_of(const models::Network& network, const Request& request, int64_t first, int64_t last);

}  // namespace pixnerd::sample
