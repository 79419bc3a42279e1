#include "diffusion/noise.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/stack.h>

namespace pixnerd::diffusion {

at::Generator seeded_generator(uint64_t seed) {
  return at::detail::createCPUGenerator(seed);
}

ImageNoise::ImageNoise(const std::vector<uint64_t>& seeds) {
  for (const uint64_t seed : seeds) generators_.push_back(seeded_generator(seed));
}

at::Tensor ImageNoise::draw(int64_t channels, int64_t height, int64_t width) {
  std::vector<at::Tensor> images;
  for (at::Generator& generator : generators_) {
    images.push_back(at::randn({channels, height, width}, generator, at::kFloat));
  }
  return at::stack(images);
}

at::Tensor ImageNoise::draw_like(const at::Tensor& x) {
  return draw(x.size(1), x.size(2), x.size(3)).to(x.options());
}

}  // namespace pixnerd::diffusion
