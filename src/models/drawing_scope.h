// For a thread that draws by a network: its threads, around the evaluations and what is between them.
#pragma once

#include "models/network.h"
#include "nn/share.h"

namespace pixnerd::models {

// nn::TeamScope where kernels alone compute the network, nothing elsewhere, or where it is null.
class DrawingScope {
 public:
  explicit DrawingScope(const Network* network) : team_(network != nullptr && network->runs_by_kernels()) {}

 private:
  nn::TeamScope team_;
};

}  // namespace pixnerd::models
