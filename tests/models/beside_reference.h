// The plain network with a network's weights, and what both are given.
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <memory>
#include <string>

#include "models/network.h"
#include "models/reference.h"

namespace pixnerd::models {

struct Inputs {
  at::Tensor x, t, y;
};

inline std::unique_ptr<diffusion::Denoiser> reference_of(const Network& network) {
  std::map<std::string, at::Tensor> parameters;
  for (const auto& [name, parameter] : network.parameters()) parameters.emplace(name, parameter);
  return make_reference(network.config(), parameters, network.mode());
}

}  // namespace pixnerd::models
