#include "sample/batch.h"

#include <c10/util/Exception.h>

#include <vector>

namespace pixnerd::sample {

Batch batch_of(const models::Network& network, const Request& request, int64_t first, int64_t last) {
  TORCH_CHECK(network.mode() == models::Mode::infer, "pictures are drawn by a network in Mode::infer");
  std::vector<uint64_t> seeds;
  for (int64_t i = first; i < last; ++i) seeds.push_back(request.seed_of(i));
  const auto [width, height] = request.sample.size;
  const at::Device device = network.device();
  BatchCondition condition = condition_of(network.config(), request, first, last);
  condition = {condition.given.to(device), condition.null.to(device)};
  Batch batch{first, last - first, std::move(condition), diffusion::ImageNoise(seeds), {}};
  batch.x_0 = batch.noise.draw(network.config().in_channels, height, width).to(device);
  return batch;
}

}  // namespace pixnerd::sample
