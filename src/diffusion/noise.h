// Seeded noise of images: what a seed means here is what it means in PyTorch.
#pragma once

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>

#include <vector>

namespace pixnerd::diffusion {

// Where stochastic steps get their draws.
class NoiseSource {
 public:
  virtual ~NoiseSource() = default;

  // The next standard normal draw, with the shape and options of x [B, C, H, W].
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

// A CPU generator seeded as torch.Generator().manual_seed(seed).
at::Generator seeded_generator(uint64_t seed);

}  // namespace pixnerd::diffusion
