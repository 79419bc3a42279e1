// The class-conditional network: labels y [B] int64, or [B, 2] with a style, condition every block by
// silu(t_embedder(t) + y_embedder(y)).
#pragma once

#include "models/pixnerd.h"

namespace pixnerd::models {

class PixNerdC2IImpl : public PixNerdImpl {
 public:
  explicit PixNerdC2IImpl(const ModelConfig& config);

  void initialise(at::Generator& generator) override;

 protected:
  BlockCondition embed_condition(const at::Tensor& t_emb, const at::Tensor& y) override;

 private:
  nn::LabelEmbedder y_embedder_{nullptr};
};

}  // namespace pixnerd::models
