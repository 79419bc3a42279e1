// What both reference networks are made of.
#pragma once

#include "models/reference.h"

namespace pixnerd::models {

class ReferenceLayers : public diffusion::Denoiser {
 public:
  ReferenceLayers(const ModelConfig& config, std::map<std::string, at::Tensor> parameters, Mode mode,
                  StageObserver observe)
      : config_(config), parameters_(std::move(parameters)), mode_(mode), observe_(std::move(observe)) {}

 protected:
  const at::Tensor& parameter(const std::string& name) const { return parameters_.at(name); }
  at::Tensor linear(const std::string& name, const at::Tensor& x, bool with_bias = true) const;
  at::Tensor rms_norm(const std::string& name, const at::Tensor& x) const;
  at::Tensor embed_time(const at::Tensor& t) const;
  at::Tensor observed(const std::string& name, at::Tensor output) const;

  // x + gate1 attention(...), then + gate2 mlp(...), with shifts, scales and gates from c, if it is defined.
  using Part = std::function<at::Tensor(const at::Tensor& x)>;
  at::Tensor transformer_block(const std::string& name, const at::Tensor& x, const at::Tensor& c, const Part& attention,
                               const Part& mlp) const;

  // Queries [B, H, L, d] on keys and values [B, H, M, d] -> [B, L, D].
  at::Tensor attend(const std::string& name, const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) const;

  // The neural field on patches of height x width pixels: code [N, 64] -> [B, C, H, W].
  at::Tensor decode_patches(const at::Tensor& x, const at::Tensor& t, const at::Tensor& s, int64_t height,
                            int64_t width, const at::Tensor& code) const;
  virtual at::Tensor second_weight(const at::Tensor& predicted) const = 0;
  virtual at::Tensor before_final_layer(const at::Tensor& u) const = 0;

  ModelConfig config_;

 private:
  at::Tensor field_block(const std::string& name, const at::Tensor& u, const at::Tensor& s) const;

  std::map<std::string, at::Tensor> parameters_;
  Mode mode_;
  StageObserver observe_;
};

// [height * width, head width / 2] rotations for positions x and y of a grid's columns and rows.
at::Tensor rotations(const at::Tensor& x, const at::Tensor& y, int64_t head_width);
at::Tensor rotate(const at::Tensor& x_blhd, const at::Tensor& rotations);

// The class-conditional network's code of a patch's pixels, [height * width, 64].
at::Tensor product_code(int64_t height, int64_t width, const at::Device& device);

at::Tensor cut_patches(const at::Tensor& x, int64_t height, int64_t width);  // [B, L, C * N]
at::Tensor unit_columns(const at::Tensor& w);

std::unique_ptr<diffusion::Denoiser> make_reference_c2i(const ModelConfig& config,
                                                        std::map<std::string, at::Tensor> parameters, Mode mode,
                                                        StageObserver observe);
std::unique_ptr<diffusion::Denoiser> make_reference_t2i(const ModelConfig& config,
                                                        std::map<std::string, at::Tensor> parameters, Mode mode,
                                                        StageObserver observe);

}  // namespace pixnerd::models
