#include "diffusion/noise.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/stack.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>

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

at::Tensor ScaledNoise::draw_like(const at::Tensor& x) {
  return scale_ * source_->draw_like(x);
}

namespace {

// One after the other, so that the sum is the same on any number of threads.
double sum_of_products(const at::Tensor& a, const at::Tensor& b) {
  const std::span<const float> left(a.const_data_ptr<float>(), static_cast<size_t>(a.numel()));
  return std::inner_product(left.begin(), left.end(), b.const_data_ptr<float>(), 0.0);
}

at::Tensor slerp(const at::Tensor& from, const at::Tensor& to, double share) {
  const double cosine = sum_of_products(from, to) / std::sqrt(sum_of_products(from, from) * sum_of_products(to, to));
  const double angle = std::acos(std::clamp(cosine, -1.0, 1.0)), sine = std::sin(angle);
  constexpr double kParallel = 1e-6;
  if (sine < kParallel) return from;
  return std::sin((1 - share) * angle) / sine * from + std::sin(share * angle) / sine * to;
}

}  // namespace

at::Tensor VariedNoise::draw_like(const at::Tensor& x) {
  if (!is_first_) return own_.draw_like(x);
  is_first_ = false;
  const auto draw = [&](ImageNoise& noise) { return noise.draw(x.size(1), x.size(2), x.size(3)); };
  return slerp(draw(own_), draw(other_), share_).to(x.options());
}

}  // namespace pixnerd::diffusion
