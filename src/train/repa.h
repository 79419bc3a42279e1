// Representation alignment (Yu et al., "Representation Alignment for Generation", arXiv 2410.06940): the tokens of a
// transformer block, projected, are drawn towards what DINOv2 makes of the clean picture.
//
// B pictures, L tokens, D the network's width, F the features'.
#pragma once

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>

#include <cstdint>

#include "checkpoint/tensors.h"
#include "models/dinov2.h"

namespace pixnerd::train {

// Linear, silu, Linear, silu, Linear with biases: D -> hidden -> hidden -> F. Trained with the network.
class Projector {
 public:
  // Allocated, not set.
  Projector(int64_t width, int64_t hidden, int64_t features, at::Device device = at::kCPU);

  // As torch.nn.Linear after construction: uniform within 1 / sqrt(inputs), weights and biases.
  void initialise(at::Generator& generator);

  // [B, L, D] -> [B, L, F], in the arithmetic of the PrecisionScope around it.
  at::Tensor operator()(const at::Tensor& tokens) const;

  // "proj.0.{0,2,4}.{weight,bias}", as the official trainer has them. They want gradients.
  const checkpoint::NamedTensors& parameters() const { return parameters_; }

 private:
  checkpoint::NamedTensors parameters_;  // weight and bias of each layer
};

// Of each picture the mean over its tokens of 1 - cos(projected, features): [B] float32. Where the counts of tokens
// differ, those of the projected beyond the features' are left out. RequestError where they are fewer.
at::Tensor alignment_losses(const at::Tensor& projected, const at::Tensor& features);

// What DINOv2 makes of clean pictures [B, 3, H, W] in [-1, 1]: patch tokens [B, L, F] float32, without gradients.
at::Tensor teacher_features(const models::DinoV2& teacher, const at::Tensor& pictures);

}  // namespace pixnerd::train
