// The text-to-image network. Its condition y [B, N, T] are the last hidden states of a text encoder, padding included;
// they are embedded, given learned positions and refined by `num_text_blocks` blocks of their own, and every image
// block attends to them. The blocks are modulated by silu(t_embedder(t)) alone, or not at all (model.modulation).
//
// With an encoder of its own (model.text_encoder: bytes) the condition may be the bytes of texts [B, M] instead: the
// states are then made of them here, with gradients.
#pragma once

#include "models/pixnerd.h"
#include "nn/byte_encoder.h"

namespace pixnerd::models {

class PixNerdT2IImpl : public PixNerdImpl {
 public:
  explicit PixNerdT2IImpl(const ModelConfig& config);

  void initialise(at::Generator& generator) override;
  at::Tensor encode_text(const at::Tensor& bytes) override;
  at::Tensor pool_text(const at::Tensor& states) override;

 protected:
  // RequestError unless it is [B, txt_max_length, txt_embed_dim], or bytes.
  BlockCondition embed_condition(const at::Tensor& t_emb, const at::Tensor& condition) override;
  void pack(at::ScalarType dtype) override;

 private:
  nn::ByteEncoder text_encoder_{nullptr};  // null where states come from outside
  nn::TextEmbedder y_embedder_{nullptr};
  nn::PooledTextEmbedder pooled_embedder_{nullptr};  // null unless config.pooled_text
  at::Tensor y_pos_embedding_;                       // [1, N, D]
  std::vector<nn::TransformerBlock> text_refine_blocks_;
  nn::GridTables text_positions_;
};

}  // namespace pixnerd::models
