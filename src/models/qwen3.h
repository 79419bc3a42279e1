// The Qwen3 text model, whose last hidden states tell the text-to-image network what to draw. One of its layers:
//   x += Wo Attention(norm(x)), heads of queries sharing keys and values, both RMS-normalised and turned by position
//   x += Wdown(silu(Wgate norm(x)) * Wup norm(x))
// Yang et al., "Qwen3 Technical Report", 2025. B batch, L tokens, T hidden size, H query heads, K key heads, d
// head_dim.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <string>
#include <vector>

#include "models/qwen3_config.h"
#include "models/qwen3_weights.h"
#include "nn/linear.h"

namespace pixnerd::models {

class Qwen3 {
 public:
  // From tensors under their published names, in any floating dtype (qwen3_weights.h; CheckpointError). `type`, float32
  // or bfloat16, is that of the arithmetic and of the result; kChar stands for int8, with results in bfloat16. Matrices
  // are copied into the order that products want, or to the device, and mapped ones are given back as they are; the
  // table of embeddings stays mapped, and on the CPU. Destroying the object frees all.
  Qwen3(const Qwen3Config& config, const Qwen3Weights& weights, const std::string& source, at::ScalarType type,
        const at::Device& device = at::kCPU);

  // A Hugging Face folder: config.json, and model.safetensors or the index of several. ConfigError, CheckpointError,
  // DataError.
  static Qwen3 load(const std::filesystem::path& folder, at::ScalarType type, const at::Device& device = at::kCPU);

  // ids [B, L] int64 from 0 to vocab_size - 1, is_real [B, L] bool, both on the CPU -> states after the last norm
  // [B, L, T] on the device. A position
  // sees the real ones up to its own; one that sees none gets nothing from attention. Positions count from 0. States of
  // positions that are not real are given too.
  at::Tensor operator()(const at::Tensor& ids, const at::Tensor& is_real) const;

  const Qwen3Config& config() const { return config_; }

 private:
  struct Layer {
    at::Tensor input_norm, mlp_norm;  // [T]
    at::Tensor q_norm, k_norm;        // [d]
    nn::Linear q{nullptr}, k{nullptr}, v{nullptr}, o{nullptr}, gate{nullptr}, up{nullptr}, down{nullptr};
  };
  // What all layers share in one call: rotations [L, d / 2], and which keys a query sees [B, 1, L, L].
  struct Positions {
    at::Tensor cos, sin, sees;
    at::Tensor sees_any;  // [B, 1, L, 1]
  };

  at::Tensor norm(const at::Tensor& x, const at::Tensor& weight) const;
  Positions positions(const at::Tensor& is_real) const;
  at::Tensor heads(const at::Tensor& projected, const at::Tensor& norm_weight, const Positions& positions) const;
  at::Tensor attend(const Layer& layer, const at::Tensor& x, const Positions& positions) const;
  at::Tensor mlp(const Layer& layer, const at::Tensor& x) const;

  Qwen3Config config_;
  at::ScalarType type_;
  at::Device device_;
  at::Tensor embedding_;  // [vocab_size, T], as the file has it
  at::Tensor last_norm_;
  std::vector<Layer> layers_;
};

}  // namespace pixnerd::models
