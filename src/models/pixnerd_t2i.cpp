#include "models/pixnerd_t2i.h"

#include <ATen/ops/empty.h>

#include "core/errors.h"
#include "core/text.h"
#include "nn/swiglu.h"

namespace pixnerd::models {
namespace {

constexpr double kHeavyExtent = 16;

bool is_modulated(const ModelConfig& config) {
  return config.modulation == Modulation::adaln;
}

PixNerdParts text_parts(const ModelConfig& config) {
  PixNerdParts parts;
  parts.blocks = {nn::AttentionKeys::own_and_text, nn::SwiGLUMatrices::fused, config.mlp_hidden(),
                  is_modulated(config)};
  if (config.parts == NetworkParts::c2i) {
    parts.rope = [d = config.head_width()](int64_t h, int64_t w) { return nn::rope_table_c2i(h, w, d); };
    parts.code = nn::cosine_product_code;
    return parts;
  }
  parts.unit_columns = nn::UnitColumns::first;
  parts.final_norm = false;
  parts.rope = [d = config.head_width()](int64_t h, int64_t w) { return nn::rope_table_t2i(h, w, d); };
  const double extent = config.type == ModelType::t2i_heavy ? kHeavyExtent : static_cast<double>(config.patch_size);
  parts.code = [extent](int64_t h, int64_t w) { return nn::cosine_code(h, w, extent); };
  return parts;
}

}  // namespace

PixNerdT2IImpl::PixNerdT2IImpl(const ModelConfig& config)
    : PixNerdImpl(config, text_parts(config)),
      text_positions_([d = config.head_width()](int64_t, int64_t n) { return nn::rope_table_of_no_positions(n, d); }) {
  const int64_t width = config.hidden_size;
  y_embedder_ = register_module("y_embedder", nn::TextEmbedder(config.txt_embed_dim, width));
  if (config.pooled_text) {
    pooled_embedder_ = register_module("y_pooled_embedder", nn::PooledTextEmbedder(config.txt_embed_dim, width));
  }
  y_pos_embedding_ = register_parameter("y_pos_embedding", at::empty({1, config.txt_max_length, width}));
  auto blocks = register_module("text_refine_blocks", std::make_shared<torch::nn::Module>());
  const nn::TransformerBlockParts parts{nn::AttentionKeys::own, nn::SwiGLUMatrices::fused, config.mlp_hidden(),
                                        is_modulated(config)};
  for (int64_t i = 0; i < config.num_text_blocks; ++i) {
    text_refine_blocks_.push_back(
        blocks->register_module(std::to_string(i), nn::TransformerBlock(width, config.num_heads, parts)));
  }
  if (!config.reads_bytes()) return;
  text_encoder_ = register_module("text_encoder", nn::ByteEncoder(config.txt_embed_dim, config.txt_max_length,
                                                                  config.txt_state_bytes, config.num_byte_blocks));
}

at::Tensor PixNerdT2IImpl::encode_text(const at::Tensor& bytes) {
  return text_encoder_.is_empty() ? PixNerdImpl::encode_text(bytes) : text_encoder_->forward(bytes);
}

at::Tensor PixNerdT2IImpl::pool_text(const at::Tensor& states) {
  return pooled_embedder_.is_empty() ? PixNerdImpl::pool_text(states) : pooled_embedder_->forward(states);
}

BlockCondition PixNerdT2IImpl::embed_condition(const at::Tensor& t_emb, const at::Tensor& condition) {
  const at::Tensor y = condition.scalar_type() == at::kLong ? encode_text(condition) : condition;
  if (y.dim() != 3 || y.size(1) != config_.txt_max_length || y.size(2) != config_.txt_embed_dim) {
    throw RequestError(concat("the text's states have the shape ", y.sizes(), ", but the network takes [B, ",
                              config_.txt_max_length, ", ", config_.txt_embed_dim, "]"));
  }
  const at::Tensor states = y.to(at::kFloat);
  const at::Tensor c = pooled_embedder_.is_empty() ? t_emb : t_emb + pooled_embedder_->forward(states);
  const BlockCondition of_text{nn::silu(c).unsqueeze(1), {}};
  const at::Tensor embedded = y_embedder_->forward(states);
  at::Tensor text = embedded + y_pos_embedding_.to(embedded.scalar_type());  // [B, N, D]
  const at::Tensor positions = text_positions_.get(1, config_.txt_max_length, y.device());
  for (const auto& block : text_refine_blocks_) text = run_block(block, text, of_text, positions);
  return {of_text.modulation, text};
}

void PixNerdT2IImpl::initialise(at::Generator& generator) {
  s_embedder_->initialise(generator);
  x_embedder_->initialise(generator);
  t_embedder_->initialise(generator);
  y_embedder_->initialise(generator);
  {
    const at::NoGradGuard no_grad;
    y_pos_embedding_.normal_(0, 1, generator);
  }
  final_layer_->initialise(generator);
  for (auto& block : blocks_) block->initialise(generator);
  for (auto& block : field_blocks_) block->initialise(generator);
  for (auto& block : text_refine_blocks_) block->initialise(generator);

  s_embedder_->initialise_again(generator);
  t_embedder_->initialise_weights_again(generator);
  if (!pooled_embedder_.is_empty()) pooled_embedder_->initialise(generator);
  if (!text_encoder_.is_empty()) text_encoder_->initialise(generator);
}

void PixNerdT2IImpl::pack(at::ScalarType dtype) {
  PixNerdImpl::pack(dtype);
  y_embedder_->pack(dtype);
  for (auto& block : text_refine_blocks_) block->pack(dtype);
}

}  // namespace pixnerd::models
