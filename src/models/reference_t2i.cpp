// The text-to-image network, plain and with the heavy decoder.
#include <ATen/ATen.h>

#include "models/reference_layers.h"

namespace pixnerd::models {
namespace {

at::Tensor coordinate_code(int64_t height, int64_t width, double extent, const at::Device& device) {
  const auto options = at::TensorOptions().device(device);
  const auto grid =
      at::meshgrid({at::linspace(0, extent, height, options), at::linspace(0, extent, width, options)}, "ij");
  const at::Tensor frequency = 1.0 / at::pow(10000.0, at::arange(0, 128, 4, options).to(at::kFloat) / 128.0);  // [32]
  const at::Tensor x = at::cos(at::outer(grid[1].reshape(-1), frequency));
  const at::Tensor y = at::cos(at::outer(grid[0].reshape(-1), frequency));
  return at::stack({x, y}, -1).flatten(1);  // [N, 64]
}

class ReferenceT2I : public ReferenceLayers {
 public:
  using ReferenceLayers::ReferenceLayers;

  at::Tensor encode(const at::Tensor& x, const at::Tensor& t, const at::Tensor& y) override {
    const int64_t patch = config_.patch_size;
    const at::Tensor seen = at::upsample_nearest2d(x, {size_seen(x, 0), size_seen(x, 1)});
    const int64_t rows = seen.size(2) / patch, columns = seen.size(3) / patch;
    const at::Tensor t_emb = embed_time(t);
    const at::Tensor states = y.scalar_type() == at::kLong ? read(y) : y;
    const at::Tensor of_all = config_.pooled_text ? t_emb + pooled(states) : t_emb;
    const at::Tensor c = config_.modulation == Modulation::adaln ? at::silu(of_all).unsqueeze(1) : at::Tensor();
    const at::Tensor text = refine(states, c);
    const double wide = of_c2i() ? 16 : static_cast<double>(rows), high = of_c2i() ? 16 : static_cast<double>(columns);
    const at::Tensor turns = rotations(at::linspace(0, wide, columns, t.options()),
                                       at::linspace(0, high, rows, t.options()), config_.head_width());
    at::Tensor s = observed("s_embedder", linear("s_embedder.proj", cut_patches(seen, patch, patch)));
    for (int64_t i = 0; i < config_.num_encoder_blocks; ++i) {
      s = image_block("blocks." + std::to_string(i), s, c, text, turns);
    }
    return at::silu(t_emb.unsqueeze(1) + s);
  }

  at::Tensor decode(const at::Tensor& x, const at::Tensor& t, const at::Tensor& s, const at::Tensor&) override {
    const auto patch = static_cast<double>(config_.patch_size);
    const auto height = static_cast<int64_t>(patch * scaling(x, 0)),
               width = static_cast<int64_t>(patch * scaling(x, 1));
    const double extent = config_.type == ModelType::t2i_heavy ? 16 : patch;
    const at::Tensor code =
        of_c2i() ? product_code(height, width, x.device()) : coordinate_code(height, width, extent, x.device());
    return decode_patches(x, t, s, height, width, code);
  }

 private:
  bool of_c2i() const { return config_.parts == NetworkParts::c2i; }

  double scaling(const at::Tensor& x, int64_t axis) const {
    if (config_.decoder_patch_scaling) return (*config_.decoder_patch_scaling)[static_cast<size_t>(axis)];
    if (config_.type != ModelType::t2i_heavy) return 1;
    return static_cast<double>(x.size(2 + axis)) / static_cast<double>(config_.decoder_base_size);
  }

  int64_t size_seen(const at::Tensor& x, int64_t axis) const {
    return static_cast<int64_t>(static_cast<double>(x.size(2 + axis)) / scaling(x, axis));
  }

  at::Tensor heads(const at::Tensor& projected, int64_t parts, int64_t count) const {
    return projected.unflatten(2, {parts, count, -1});
  }

  at::Tensor mlp(const std::string& name, const at::Tensor& x) const {
    const auto halves = linear(name + ".w12", x, false).chunk(2, -1);
    return linear(name + ".w3", at::silu(halves[0]) * halves[1], false);
  }

  at::Tensor text_block(const std::string& name, const at::Tensor& x, const at::Tensor& c, int64_t count) const {
    const auto attention = [&](const at::Tensor& in) {
      const at::Tensor qkv = heads(linear(name + ".attn.qkv", in, false), 3, count);
      return attend(name + ".attn", rms_norm(name + ".attn.q_norm", qkv.select(2, 0)).transpose(1, 2),
                    rms_norm(name + ".attn.k_norm", qkv.select(2, 1)).transpose(1, 2),
                    qkv.select(2, 2).transpose(1, 2));
    };
    return transformer_block(name, x, c, attention, [&](const at::Tensor& in) { return mlp(name + ".mlp", in); });
  }

  at::Tensor refine(const at::Tensor& y, const at::Tensor& c) const {
    const at::Tensor embedded = observed("y_embedder", rms_norm("y_embedder.norm", linear("y_embedder.proj", y)));
    at::Tensor text = embedded + parameter("y_pos_embedding");
    for (int64_t i = 0; i < config_.num_text_blocks; ++i) {
      text = text_block("text_refine_blocks." + std::to_string(i), text, c, config_.num_heads);
    }
    return text;
  }

  at::Tensor pooled(const at::Tensor& states) const {
    const std::string name = "y_pooled_embedder";
    return linear(name + ".mlp.2", at::silu(linear(name + ".mlp.0", rms_norm(name + ".norm", states.sum(1)))));
  }

  // The row of the hash table of the `length` bytes of `text` that end at `last`.
  static int64_t row_of(const int64_t* text, int64_t last, int64_t length) {
    int64_t hash = 0;
    for (int64_t i = last - length + 1; i <= last; ++i) hash = (hash * 257 + (i < 0 ? 0 : text[i])) % 2147483647;
    return (hash * 48271 + length * 7919) % 2147483647 % 65535 + 1;
  }

  // Bytes [B, M] -> states [B, N, T].
  at::Tensor read(const at::Tensor& bytes) const {
    constexpr int64_t kHeadWidth = 32;
    const at::Tensor table = parameter("text_encoder.ngram_table.weight"), texts = bytes.cpu().contiguous();
    std::vector<at::Tensor> sums, says;
    for (int64_t first = 0; first < texts.numel(); first += config_.txt_state_bytes) {
      at::Tensor sum = at::zeros({table.size(1)}, table.options());
      bool any = false;
      const int64_t start = first / texts.size(1) * texts.size(1);
      const auto* text = texts.const_data_ptr<int64_t>() + start;
      for (int64_t i = first - start; i < first - start + config_.txt_state_bytes; ++i) {
        if (text[i] == 0) continue;
        any = true;
        for (const int64_t length : {2, 3, 4, 6, 8}) sum = sum + table[row_of(text, i, length)];
      }
      sums.push_back(10 * sum / std::sqrt(5.0 * static_cast<double>(config_.txt_state_bytes)));
      says.push_back(at::full({1}, any ? 1.0 : 0.0, table.options()));
    }
    const auto of_texts = [&](const std::vector<at::Tensor>& rows) {
      return at::stack(rows).view({texts.size(0), config_.txt_max_length, -1});
    };
    at::Tensor s = linear("text_encoder.proj", of_texts(sums), false) + parameter("text_encoder.positions");
    for (int64_t i = 0; i < config_.num_byte_blocks; ++i) {
      s = text_block("text_encoder.blocks." + std::to_string(i), s, {}, config_.txt_embed_dim / kHeadWidth);
    }
    return rms_norm("text_encoder.norm", s) * of_texts(says);
  }

  at::Tensor image_block(const std::string& name, const at::Tensor& x, const at::Tensor& c, const at::Tensor& text,
                         const at::Tensor& turns) const {
    const auto attention = [&](const at::Tensor& in) {
      const at::Tensor qkv = heads(linear(name + ".attn.qkv_x", in, false), 3, config_.num_heads);
      const at::Tensor kv = heads(linear(name + ".attn.kv_y", text, false), 2, config_.num_heads);
      const at::Tensor q = rotate(rms_norm(name + ".attn.q_norm", qkv.select(2, 0)), turns);
      const at::Tensor k = rotate(rms_norm(name + ".attn.k_norm", qkv.select(2, 1)), turns);
      const at::Tensor text_k = rms_norm(name + ".attn.k_norm", kv.select(2, 0));
      return attend(name + ".attn", q.transpose(1, 2), at::cat({k, text_k}, 1).transpose(1, 2),
                    at::cat({qkv.select(2, 2), kv.select(2, 1)}, 1).transpose(1, 2));
    };
    return transformer_block(name, x, c, attention, [&](const at::Tensor& in) { return mlp(name + ".mlp", in); });
  }

  at::Tensor second_weight(const at::Tensor& predicted) const override {
    return of_c2i() ? unit_columns(predicted) : predicted;
  }
  at::Tensor before_final_layer(const at::Tensor& u) const override {
    return of_c2i() ? rms_norm("final_layer.norm", u) : u;
  }
};

}  // namespace

std::unique_ptr<diffusion::Denoiser> make_reference_t2i(const ModelConfig& config,
                                                        std::map<std::string, at::Tensor> parameters, Mode mode,
                                                        StageObserver observe) {
  return std::make_unique<ReferenceT2I>(config, std::move(parameters), mode, std::move(observe));
}

}  // namespace pixnerd::models
