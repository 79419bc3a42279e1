#include "models/pixnerd_c2i.h"

#include "nn/swiglu.h"

namespace pixnerd::models {
namespace {

PixNerdParts class_parts(const ModelConfig& config) {
  PixNerdParts parts;
  parts.blocks = {nn::AttentionKeys::own, nn::SwiGLUMatrices::separate, config.mlp_hidden()};
  parts.rope = [d = config.head_width()](int64_t h, int64_t w) { return nn::rope_table_c2i(h, w, d); };
  parts.code = nn::cosine_product_code;
  return parts;
}

}  // namespace

PixNerdC2IImpl::PixNerdC2IImpl(const ModelConfig& config) : PixNerdImpl(config, class_parts(config)) {
  y_embedder_ =
      register_module("y_embedder", nn::LabelEmbedder(config.num_classes, config.num_styles, config.hidden_size));
}

BlockCondition PixNerdC2IImpl::embed_condition(const at::Tensor& t_emb, const at::Tensor& y) {
  return {nn::silu(t_emb + y_embedder_->forward(y)).unsqueeze(1), {}};
}

void PixNerdC2IImpl::initialise(at::Generator& generator) {
  x_embedder_->initialise(generator);
  s_embedder_->initialise(generator);
  t_embedder_->initialise(generator);
  y_embedder_->initialise(generator, 1.0);
  final_layer_->initialise(generator);
  for (auto& block : blocks_) block->initialise(generator);
  for (auto& block : field_blocks_) block->initialise(generator);

  s_embedder_->initialise_again(generator);
  y_embedder_->initialise(generator, config_.label_init_std);
  t_embedder_->initialise_weights_again(generator);
}

}  // namespace pixnerd::models
