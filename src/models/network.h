// A network as the rest of the program knows it: a denoiser with named parameters. Built by make_network from its
// configuration; nothing above this header sees torch modules.
//
// Threads: encode, decode and field_weights may be called from several threads at once, each with a PrecisionScope of
// its own. Everything else, set_mode() included, wants the network for itself.
//
// Bits: in Mode::infer on a CPU, what encode, decode and field_weights compute for a picture is the same to the bit
// alone and in every batch, at every place, on any number of threads, and whether the field's weights are kept or not;
// in float32, bfloat16 and int8, prepared for inference or not. Products are the kernels' or oneDNN's for that
// (nn/packed_weight.h), the framework's attention gets its heads aligned (nn/attention.cpp), the rest are kernels row
// by row. The bits belong to a precision, a processor's instruction set (docs/performance.md says how far others are),
// a LibTorch, and to whether the network was prepared. They are not promised on a GPU, nor where LibTorch lacks
// oneDNN's operators: then float32 products of 1 to 3 rows, and with several threads those of other numbers, come out
// otherwise in the last place. Nor, on processors with AMX, for bfloat16 attention by the framework (a network that was
// not prepared; more than 8192 keys), which was not measured.
#pragma once

#include <ATen/core/Generator.h>

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "checkpoint/tensors.h"
#include "diffusion/denoiser.h"
#include "models/config.h"
#include "models/mode.h"
#include "models/precision.h"
#include "models/token_grid.h"

namespace pixnerd::models {

// Parts of a network that keep only their inputs for the backward pass and are computed anew there (recompute.h).
struct RecomputedParts {
  bool blocks = false;  // each transformer block
  bool field = false;   // each block of the neural field with its parameter generator
};

// What a transformer block gives, for losses on it: encode_tapped() sets the tokens.
struct BlockTap {
  int64_t block = 0;  // from 0
  at::Tensor tokens;  // [B, L, D]
};

class Network : public diffusion::Denoiser {
 public:
  virtual const ModelConfig& config() const = 0;

  // The denoiser's halves on a token grid of the caller's choice. The transformer sees x [B, C, H, W] resized (nearest)
  // to the grid's patches of P x P pixels, if it has another size; the neural field decodes patches of H / rows x
  // W / columns pixels. Condition: labels [B] or [B, 2] int64, or a text encoder's states [B, N, T], or the bytes of
  // texts [B, M] int64 where the network reads them itself. RequestError in another precision than that which
  // prepare_for_inference() made the network ready for.
  virtual at::Tensor encode_on(const TokenGrid& grid, const at::Tensor& x, const at::Tensor& t,
                               const at::Tensor& condition) = 0;
  virtual at::Tensor decode_on(const TokenGrid& grid, const at::Tensor& x, const at::Tensor& t, const at::Tensor& s,
                               const at::Tensor& weights = {}) = 0;

  // On the grid that token_grid() gives x. RequestError for sizes that have none.
  at::Tensor encode(const at::Tensor& x, const at::Tensor& t, const at::Tensor& condition) final;
  at::Tensor decode(const at::Tensor& x, const at::Tensor& t, const at::Tensor& s,
                    const at::Tensor& weights = {}) final;

  // encode() of a whole batch, and what blocks gave on the way. RequestError where there is no such block.
  virtual at::Tensor encode_tapped(const at::Tensor& x, const at::Tensor& t, const at::Tensor& condition,
                                   std::span<BlockTap> taps) = 0;

  // Mode::infer unless it is set.
  Mode mode() const { return mode_; }
  void set_mode(Mode mode) { mode_ = mode; }

  // Of a network that reads texts itself: their bytes [B, M], as byte_prompts.h makes them -> states [B, N, T], which
  // stand for the bytes as the condition of encode(). RequestError for another network or another M.
  virtual at::Tensor encode_text(const at::Tensor& bytes) = 0;

  // Of a network with model.pooled_text: states [B, N, T] -> what its blocks are told of a text as a whole [B, D].
  // RequestError for another network.
  virtual at::Tensor pool_text(const at::Tensor& states) = 0;

  // Parameters under their checkpoint names, in the order of registration. The tensors alias the network's own.
  virtual checkpoint::NamedTensors parameters() const = 0;

  // Fills the parameters as the published code does right after construction, draw by draw. CPU only.
  virtual void initialise(at::Generator& generator) = 0;

  // Uses these tensors as parameters; float32 ones are not copied, so what aliases a mapped file keeps it mapped
  // (copy_into() a network's parameters() to train). Neither are bfloat16 and int8 matrices of the layers that
  // prepare_for_inference() packs. Every name must be there with its shape, and int8 ones with their scales
  // (checkpoint/quantised.h); `source` names the file in the CheckpointError.
  virtual void adopt(const std::map<std::string, at::Tensor>& tensors, const std::string& source) = 0;

  // Moves the parameters as to() does and, on a CPU, packs the matrices that tokens go through, in `dtype`,
  // where this LibTorch can. kChar stands for int8 (precision.h). It cannot be undone: what is packed is empty in
  // parameters(), and the network cannot be trained, saved or moved any more. RequestError where int8 cannot be
  // computed, and when the network has been prepared in another dtype. CheckpointError if the file that the parameters
  // lie in was changed.
  virtual void prepare_for_inference(const at::Device& device, at::ScalarType dtype) = 0;

  // Whether kernels alone compute it now, on a CPU.
  virtual bool runs_by_kernels() const { return false; }

  // Whether they alone would train it where it lies, in that arithmetic.
  virtual bool trains_by_kernels(Precision) const { return false; }

  // The precision that prepare_for_inference() made the network ready for, and in which alone it computes from then on.
  virtual std::optional<Precision> prepared_precision() const = 0;

  // Moves the parameters; matrices of linear layers take `dtype`, everything else stays float32.
  virtual void to(const at::Device& device, at::ScalarType dtype) = 0;
  virtual void set_requires_grad(bool requires_grad) = 0;
  virtual void set_recomputed(const RecomputedParts& parts) = 0;
  virtual at::Device device() const = 0;

 private:
  Mode mode_ = Mode::infer;
};

// A network in another mode while the scope lives.
class ModeScope {
 public:
  ModeScope(Network& network, Mode mode) : network_(network), before_(network.mode()) { network.set_mode(mode); }
  ~ModeScope() { network_.set_mode(before_); }
  ModeScope(const ModeScope&) = delete;
  ModeScope& operator=(const ModeScope&) = delete;

 private:
  Network& network_;
  Mode before_;
};

// RequestError unless the network computes in this precision: it must not have been prepared for another one, and must
// have been prepared for int8.
void require_precision(const Network& network, Precision precision);

// A network at work on one grid, whatever the size of x. The network must outlive it.
class OnGrid : public diffusion::Denoiser {
 public:
  OnGrid(Network& network, const TokenGrid& grid) : network_(network), grid_(grid) {}

  at::Tensor encode(const at::Tensor& x, const at::Tensor& t, const at::Tensor& condition) override {
    return network_.encode_on(grid_, x, t, condition);
  }
  at::Tensor decode(const at::Tensor& x, const at::Tensor& t, const at::Tensor& s,
                    const at::Tensor& weights = {}) override {
    return network_.decode_on(grid_, x, t, s, weights);
  }
  at::Tensor field_weights(const at::Tensor& s) override { return network_.field_weights(s); }

 private:
  Network& network_;
  TokenGrid grid_;
};

// Labels of the null condition for a batch of a class-conditional network: [B], or [B, 2] where there are styles.
at::Tensor null_labels(const ModelConfig& config, int64_t batch);

// A condition of the right shape whose content does not matter, for measurements: class 0, or states of zeros.
at::Tensor blank_condition(const ModelConfig& config, int64_t batch);

// Parameters are allocated but not set, and want no gradient: call initialise() or adopt(), and to train
// set_requires_grad(true) and set_mode(Mode::train).
std::shared_ptr<Network> make_network(const ModelConfig& config);

}  // namespace pixnerd::models
