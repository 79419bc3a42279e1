// One picture drawn at two sizes: its layout at a small one, its detail at a larger one, with the tokens of the first.
// What the transformer costs is that of the small picture all the way; the neural field decodes the large one.
#pragma once

#include "diffusion/integrate.h"
#include "models/network.h"
#include "sample/config.h"

namespace pixnerd::sample {

// As diffusion::integrate, from x [B, C, H, W], noise of config.size, to pictures of config.decode_size. The steps to
// the first time t of the grid that is not below decode_time, rounding aside, are those of one size. There
// x1 = x + (1 - t) v is resized bicubically and noised again, x = t x1 + (1 - t) n with the images' next noise. From
// there on the transformer sees x resized to its own grid, and the neural field decodes patches of the new size; the
// solver begins anew. Without a decode_size it is diffusion::integrate.
at::Tensor integrate(models::Network& network, const at::Tensor& condition, const at::Tensor& null_condition,
                     const SampleConfig& config, const at::Tensor& x, diffusion::NoiseSource& noise,
                     const diffusion::StepObserver& observe);

}  // namespace pixnerd::sample
