// What a request's pictures show, as tensors that the network takes.
#pragma once

#include <ATen/core/Tensor.h>

#include "models/config.h"
#include "sample/request.h"

namespace pixnerd::sample {

// RequestError: no picture is asked for, an unknown label, style or text, or texts for a network of classes and the
// other way round.
void check_condition(const models::ModelConfig& config, const Request& request);

// The condition of a batch and what guidance leads away from, on the CPU: labels [B] or [B, 2], or states [B, N, T].
struct BatchCondition {
  at::Tensor given, null;
};

// Of the pictures first .. last - 1 of a request that has been checked.
BatchCondition condition_of(const models::ModelConfig& config, const Request& request, int64_t first, int64_t last);

}  // namespace pixnerd::sample
