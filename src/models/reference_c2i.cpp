// The class-conditional network.
#include <ATen/ATen.h>

#include "models/reference_layers.h"

namespace pixnerd::models {
namespace {

class ReferenceC2I : public ReferenceLayers {
 public:
  using ReferenceLayers::ReferenceLayers;

  at::Tensor encode(const at::Tensor& x, const at::Tensor& t, const at::Tensor& y) override {
    const int64_t patch = config_.patch_size, rows = x.size(2) / patch, columns = x.size(3) / patch;
    const at::Tensor t_emb = embed_time(t);
    const at::Tensor y_emb = observed("y_embedder", embed_labels(y));
    const at::Tensor c = at::silu(t_emb + y_emb).unsqueeze(1);
    const at::Tensor turns = rotations(at::linspace(0, 16, columns, t.options()),
                                       at::linspace(0, 16, rows, t.options()), config_.head_width());
    at::Tensor s = observed("s_embedder", linear("s_embedder.proj", cut_patches(x, patch, patch)));
    for (int64_t i = 0; i < config_.num_cond_blocks; ++i) s = block("blocks." + std::to_string(i), s, c, turns);
    return at::silu(t_emb.unsqueeze(1) + s);
  }

  at::Tensor decode(const at::Tensor& x, const at::Tensor& t, const at::Tensor& s, const at::Tensor&) override {
    const int64_t patch = config_.patch_size;
    return decode_patches(x, t, s, patch, patch, product_code(patch, patch, x.device()));
  }

 private:
  at::Tensor embed_labels(const at::Tensor& y) const {
    const at::Tensor& classes = parameter("y_embedder.embedding_table.weight");
    if (config_.num_styles == 0) return at::embedding(classes, y);
    return at::embedding(classes, y.select(1, 0)) +
           at::embedding(parameter("y_embedder.style_table.weight"), y.select(1, 1));
  }

  at::Tensor block(const std::string& name, const at::Tensor& x, const at::Tensor& c, const at::Tensor& turns) const {
    const auto attention = [&](const at::Tensor& in) {
      const at::Tensor qkv = linear(name + ".attn.qkv", in, false).unflatten(2, {3, config_.num_heads, -1});
      const at::Tensor q = rotate(rms_norm(name + ".attn.q_norm", qkv.select(2, 0)), turns).transpose(1, 2);
      const at::Tensor k = rotate(rms_norm(name + ".attn.k_norm", qkv.select(2, 1)), turns).transpose(1, 2);
      return attend(name + ".attn", q, k, qkv.select(2, 2).transpose(1, 2));
    };
    const auto mlp = [&](const at::Tensor& in) {
      const at::Tensor gated = at::silu(linear(name + ".mlp.w1", in, false)) * linear(name + ".mlp.w3", in, false);
      return linear(name + ".mlp.w2", gated, false);
    };
    return transformer_block(name, x, c, attention, mlp);
  }

  at::Tensor second_weight(const at::Tensor& predicted) const override { return unit_columns(predicted); }
  at::Tensor before_final_layer(const at::Tensor& u) const override { return rms_norm("final_layer.norm", u); }
};

}  // namespace

std::unique_ptr<diffusion::Denoiser> make_reference_c2i(const ModelConfig& config,
                                                        std::map<std::string, at::Tensor> parameters, Mode mode,
                                                        StageObserver observe) {
  return std::make_unique<ReferenceC2I>(config, std::move(parameters), mode, std::move(observe));
}

}  // namespace pixnerd::models
