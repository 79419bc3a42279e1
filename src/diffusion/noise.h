// Seeded noise of images: what a seed means here is what it means in PyTorch.
#pragma once

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>

#include <memory>
#include <utility>
#include <vector>

namespace pixnerd::diffusion {

// Where stochastic steps get their draws.
class NoiseSource {
 public:
  virtual ~NoiseSource() = default;

  // The next draw, standard normal where nothing else is said, with the shape and options of x [B, C, H, W].
  virtual at::Tensor draw_like(const at::Tensor& x) = 0;
};

// One CPU generator an image, so that no result depends on how images are batched. An image's draws, in order: its
// initial noise, then each step's (predictor, corrector), every one equal to torch.randn([C, H, W], generator=g) with
// g = torch.Generator().manual_seed(seed).
class ImageNoise : public NoiseSource {
 public:
  explicit ImageNoise(const std::vector<uint64_t>& seeds);

  // [B, channels, height, width] float32 on the CPU.
  at::Tensor draw(int64_t channels, int64_t height, int64_t width);

  at::Tensor draw_like(const at::Tensor& x) override;

 private:
  std::vector<at::Generator> generators_;
};

// The draws of `seed`, but for the first, which lies a share of the way, 0 to 1, from there to that of `other` on the
// great circle that goes through both: sin((1 - share) a) / sin(a) n + sin(share a) / sin(a) n', a the angle between n
// and n' (slerp). Of one image.
class VariedNoise : public NoiseSource {
 public:
  VariedNoise(uint64_t seed, uint64_t other, double share) : own_({seed}), other_({other}), share_(share) {}

  at::Tensor draw_like(const at::Tensor& x) override;

 private:
  ImageNoise own_, other_;
  double share_;
  bool is_first_ = true;
};

// The draws of another source, `scale` times: the noise of a path x_t = t x1 + (1 - t) k n, k the scale.
class ScaledNoise : public NoiseSource {
 public:
  ScaledNoise(std::unique_ptr<NoiseSource> source, double scale) : source_(std::move(source)), scale_(scale) {}

  at::Tensor draw_like(const at::Tensor& x) override;

 private:
  std::unique_ptr<NoiseSource> source_;
  double scale_;
};

// A CPU generator seeded as torch.Generator().manual_seed(seed).
at::Generator seeded_generator(uint64_t seed);

}  // namespace pixnerd::diffusion
