// A network as the rest of the program knows it: a denoiser with named parameters. Built by make_network from its
// configuration; nothing above this header sees torch modules.
#pragma once

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>

#include <memory>

#include "checkpoint/tensors.h"
#include "diffusion/denoiser.h"
#include "models/c2i_config.h"

namespace pixnerd::models {

// Parts of a network that keep only their inputs for the backward pass and are computed anew there (recompute.h).
struct RecomputedParts {
  bool blocks = false;  // each transformer block
  bool field = false;   // each block of the neural field with its parameter generator
};

class Network : public diffusion::Denoiser {
 public:
  virtual const C2IConfig& config() const = 0;

  // Parameters under their checkpoint names, in the order of registration. The tensors alias the network's own.
  virtual checkpoint::NamedTensors parameters() const = 0;

  // Fills the parameters as the published code does right after construction, draw by draw. CPU only.
  virtual void initialise(at::Generator& generator) = 0;

  // Uses these tensors as parameters; float32 ones are not copied, so what aliases a mapped file can be used but not
  // trained (copy_into() a network's parameters() for that). Every name must be there with its shape; `source` names
  // the file in the CheckpointError.
  virtual void adopt(const std::map<std::string, at::Tensor>& tensors, const std::string& source) = 0;

  // Labels of the null condition for a batch: [B], or [B, 2] where there are styles.
  virtual at::Tensor null_condition(int64_t batch) const = 0;

  // For inference, once and for good: moves the parameters as to() does and, on a CPU, packs the matrices that tokens
  // go through for oneDNN, in `dtype`, where this LibTorch can. Their entries of parameters() are empty then.
  virtual void prepare_for_inference(const at::Device& device, at::ScalarType dtype) = 0;

  // Moves the parameters; matrices of linear layers take `dtype`, everything else stays float32.
  virtual void to(const at::Device& device, at::ScalarType dtype) = 0;
  virtual void set_requires_grad(bool requires_grad) = 0;
  virtual void set_recomputed(const RecomputedParts& parts) = 0;
  virtual at::Device device() const = 0;

  // RequestError unless both sides are positive multiples of the patch.
  void check_size(int64_t height, int64_t width) const;
};

// Parameters are allocated but not set, and want no gradient: call initialise() or adopt(), and set_requires_grad(true)
// to train.
std::shared_ptr<Network> make_network(const C2IConfig& config);

}  // namespace pixnerd::models
