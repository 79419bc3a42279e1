// The class-conditional PixNerd network (paper, section 3), as two halves.
//
//   encode: patches -> s_embedder -> transformer blocks conditioned on silu(t + y) -> s = silu(t + tokens)   [B, L, D]
//   decode: pixels of each patch + coordinate code -> neural-field blocks with weights from s -> velocity    [B, C, H,
//   W]
//
// B batch, L tokens, D width, P patch side, C channels, E field width, T = B * L, N = P * P.
#pragma once

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include <vector>

#include "models/network.h"
#include "nn/embedders.h"
#include "nn/neural_field.h"
#include "nn/positions.h"
#include "nn/transformer_block.h"

namespace pixnerd::models {

class PixNerdC2IImpl : public torch::nn::Module, public Network {
 public:
  // Throws ConfigError for sizes that do not fit each other.
  explicit PixNerdC2IImpl(const C2IConfig& config);

  at::Tensor encode(const at::Tensor& x, const at::Tensor& t, const at::Tensor& y) override;
  at::Tensor decode(const at::Tensor& x, const at::Tensor& t, const at::Tensor& s) override;

  const C2IConfig& config() const override { return config_; }
  checkpoint::NamedTensors parameters() const override;
  void initialise(at::Generator& generator) override;
  void adopt(const std::map<std::string, at::Tensor>& tensors, const std::string& source) override;
  at::Tensor null_condition(int64_t batch) const override;
  void prepare_for_inference(const at::Device& device, at::ScalarType dtype) override;
  void to(const at::Device& device, at::ScalarType dtype) override;
  void set_requires_grad(bool requires_grad) override;
  void set_recomputed(const RecomputedParts& parts) override { recomputed_ = parts; }
  at::Device device() const override;

 private:
  C2IConfig config_;
  RecomputedParts recomputed_;
  nn::PixelEmbedder x_embedder_{nullptr};
  nn::PatchEmbedder s_embedder_{nullptr};
  nn::TimestepEmbedder t_embedder_{nullptr};
  nn::LabelEmbedder y_embedder_{nullptr};
  nn::FinalLayer final_layer_{nullptr};
  std::vector<nn::TransformerBlock> blocks_;
  std::vector<nn::NeuralFieldBlock> field_blocks_;
  nn::GridTables rope_, codes_;
};

}  // namespace pixnerd::models
