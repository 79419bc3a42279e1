// The PixNerd network (paper, section 3), as two halves that the class-conditional and the text-to-image network share.
//
//   encode: patches -> s_embedder -> transformer blocks on the condition -> s = silu(t + tokens)   [B, L, D]
//   decode: pixels of each patch + coordinate code -> neural-field blocks with weights from s
//           -> velocity                                                                            [B, C, H, W]
//
// In Mode::infer both work in parts of bounded size (cost.h): pictures of a batch, tokens of the field.
// B batch, L tokens, D width, P patch side, C channels, E field width, T = B * L, N pixels of a decoder's patch.
#pragma once

#include <torch/nn/module.h>

#include <functional>
#include <optional>
#include <vector>

#include "models/network.h"
#include "nn/embedders.h"
#include "nn/neural_field.h"
#include "nn/positions.h"
#include "nn/transformer_block.h"

namespace pixnerd::models {

// What distinguishes one network from the other, its condition aside.
struct PixNerdParts {
  nn::TransformerBlockParts blocks;
  nn::UnitColumns unit_columns = nn::UnitColumns::both;
  bool final_norm = true;
  nn::GridTables::Build rope;  // of a token grid
  nn::GridTables::Build code;  // of a decoder's patch
};

// What the transformer blocks are conditioned on.
struct BlockCondition {
  at::Tensor modulation;  // [B, 1, D], after silu
  at::Tensor text;        // [B, M, D] whose keys and values the image attends to; undefined without
};

class PixNerdImpl : public torch::nn::Module, public Network {
 public:
  // Throws ConfigError for sizes that do not fit each other.
  PixNerdImpl(const ModelConfig& config, PixNerdParts parts);

  at::Tensor encode_on(const TokenGrid& grid, const at::Tensor& x, const at::Tensor& t,
                       const at::Tensor& condition) override;
  at::Tensor decode_on(const TokenGrid& grid, const at::Tensor& x, const at::Tensor& t, const at::Tensor& s,
                       const at::Tensor& weights = {}) override;

  at::Tensor encode_tapped(const at::Tensor& x, const at::Tensor& t, const at::Tensor& condition,
                           std::span<BlockTap> taps) override;

  at::Tensor encode_text(const at::Tensor& bytes) override;  // RequestError
  at::Tensor pool_text(const at::Tensor& states) override;   // RequestError

  // [blocks, T, 2 E E r], in Mode::infer and unless they are more than 2^27 values.
  at::Tensor field_weights(const at::Tensor& s) override;

  const ModelConfig& config() const override { return config_; }
  checkpoint::NamedTensors parameters() const override;
  void adopt(const std::map<std::string, at::Tensor>& tensors, const std::string& source) override;
  void prepare_for_inference(const at::Device& device, at::ScalarType dtype) override;
  std::optional<Precision> prepared_precision() const override { return prepared_; }
  bool runs_by_kernels() const override;
  bool trains_by_kernels(Precision precision) const override;
  void to(const at::Device& device, at::ScalarType dtype) override;
  void set_requires_grad(bool requires_grad) override;
  void set_recomputed(const RecomputedParts& parts) override { recomputed_ = parts; }
  at::Device device() const override;

 protected:
  // t_emb [B, D], condition as encode() takes it.
  virtual BlockCondition embed_condition(const at::Tensor& t_emb, const at::Tensor& condition) = 0;

  // Packs the matrices of the parts that only the derived network has.
  virtual void pack(at::ScalarType dtype);

  // One transformer block, recomputed in the backward pass if that is asked for.
  at::Tensor run_block(const nn::TransformerBlock& block, const at::Tensor& tokens, const BlockCondition& condition,
                       const at::Tensor& rope) const;

  ModelConfig config_;
  nn::PixelEmbedder x_embedder_{nullptr};
  nn::PatchEmbedder s_embedder_{nullptr};
  nn::TimestepEmbedder t_embedder_{nullptr};
  nn::FinalLayer final_layer_{nullptr};
  std::vector<nn::TransformerBlock> blocks_;
  std::vector<nn::NeuralFieldBlock> field_blocks_;

 private:
  // encode_on() of as many pictures as go together.
  at::Tensor encode_part(const TokenGrid& grid, const at::Tensor& x, const at::Tensor& t, const at::Tensor& condition,
                         std::span<BlockTap> taps = {});

  // pixels [T, N, C] and s [T, D], or the weights predicted from it -> [T, N, C].
  at::Tensor decode_pixels(const at::Tensor& pixels, const at::Tensor& s, const at::Tensor& weights,
                           const at::Tensor& code) const;

  at::Tensor run_part(bool recompute, const std::function<at::Tensor(const std::vector<at::Tensor>&)>& part,
                      const std::vector<at::Tensor>& inputs) const;
  at::Tensor velocity_from_image(const at::Tensor& image, const at::Tensor& x, const at::Tensor& t) const;

  // RequestError where the innermost PrecisionScope is of another precision than the network was prepared for.
  void check_scope() const;

  // The linear layers by the names of their weights.
  std::vector<std::pair<std::string, nn::LinearImpl*>> linear_layers();
  // Those that a file has in 8 bits or, where it has none, those of int8_layers.h.
  void pack_int8();

  RecomputedParts recomputed_;
  std::optional<Precision> prepared_;
  bool has_kernels_ = false;  // that compute it as it is prepared
  nn::GridTables rope_, codes_;
};

}  // namespace pixnerd::models
