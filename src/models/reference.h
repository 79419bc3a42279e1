// The class-conditional network written the slow, obvious way: plain tensor operations in the paper's order, one
// function a sentence of the paper, nothing precomputed or fused. The baseline of the benchmarks and the oracle of the
// network and its kernels; it shares no code with them but the configuration.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <map>
#include <string>

#include "diffusion/denoiser.h"
#include "models/c2i_config.h"

namespace pixnerd::models {

class ReferenceC2I : public diffusion::Denoiser {
 public:
  // Called with the output of every stage under its module's name: "t_embedder", "blocks.0", ..., "final_layer".
  using Observer = std::function<void(const std::string& name, const at::Tensor& output)>;

  // Parameters under their checkpoint names; they are used as they are, gradients flow into them.
  ReferenceC2I(const C2IConfig& config, std::map<std::string, at::Tensor> parameters, Observer observe = {});

  at::Tensor encode(const at::Tensor& x, const at::Tensor& t, const at::Tensor& y) override;
  at::Tensor decode(const at::Tensor& x, const at::Tensor& t, const at::Tensor& s) override;

 private:
  const at::Tensor& parameter(const std::string& name) const;
  at::Tensor linear(const std::string& name, const at::Tensor& x, bool with_bias = true) const;
  at::Tensor rms_norm(const std::string& name, const at::Tensor& x) const;
  at::Tensor embed_time(const at::Tensor& t) const;
  at::Tensor embed_labels(const at::Tensor& y) const;
  at::Tensor attention(const std::string& name, const at::Tensor& x, int64_t rows, int64_t columns) const;
  at::Tensor transformer_block(const std::string& name, const at::Tensor& x, const at::Tensor& c, int64_t rows,
                               int64_t columns) const;
  at::Tensor field_block(const std::string& name, const at::Tensor& u, const at::Tensor& s) const;
  at::Tensor observed(const std::string& name, at::Tensor output) const;

  C2IConfig config_;
  std::map<std::string, at::Tensor> parameters_;
  Observer observe_;
};

}  // namespace pixnerd::models
