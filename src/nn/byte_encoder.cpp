#include "nn/byte_encoder.h"

#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/empty.h>

#include "core/errors.h"
#include "core/text.h"
#include "nn/swiglu.h"

namespace pixnerd::nn {
namespace {

constexpr int64_t kByteWidth = 64, kNeighbours = 5, kValues = 257;
constexpr double kPositionStd = 0.2;  // as h varies at first

// Of SwiGLU; as many multiplications as two matrices of four times the width.
int64_t hidden_of(int64_t width) {
  return 8 * width / 3;
}

}  // namespace

ByteEncoderImpl::ByteEncoderImpl(int64_t width, int64_t states, int64_t bytes_a_state, int64_t blocks)
    : states_(states),
      bytes_a_state_(bytes_a_state),
      no_turns_([](int64_t, int64_t n) { return rope_table_of_no_positions(n, kByteHeadWidth); }) {
  auto table = register_module("byte_table", std::make_shared<torch::nn::Module>());
  table_ = table->register_parameter("weight", at::empty({kValues, kByteWidth}));
  positions_ = register_parameter("positions", at::empty({1, states, width}));
  neighbours_ = register_module("neighbours", Linear(kNeighbours * kByteWidth, width, /*with_bias=*/true));
  auto list = register_module("blocks", std::make_shared<torch::nn::Module>());
  const TransformerBlockParts parts{AttentionKeys::own, SwiGLUMatrices::fused, hidden_of(width), /*modulated=*/false};
  for (int64_t i = 0; i < blocks; ++i) {
    blocks_.push_back(list->register_module(std::to_string(i), TransformerBlock(width, width / kByteHeadWidth, parts)));
  }
  norm_ = register_module("norm", RMSNorm(width));
}

void ByteEncoderImpl::initialise(at::Generator& generator) {
  {
    const at::NoGradGuard no_grad;
    table_.normal_(0, 1, generator);
    positions_.normal_(0, kPositionStd, generator);
  }
  neighbours_->initialise(generator);
  for (auto& block : blocks_) block->initialise(generator);
  norm_->initialise();
}

at::Tensor ByteEncoderImpl::forward(const at::Tensor& bytes) {
  if (bytes.dim() != 2 || bytes.size(1) != states_ * bytes_a_state_ || bytes.scalar_type() != at::kLong) {
    throw RequestError(concat("bytes of texts have the shape ", bytes.sizes(), ", but the network takes [B, ",
                              states_ * bytes_a_state_, "]"));
  }
  const at::Tensor embedded = at::embedding(table_, bytes);  // [B, M, E]
  const at::Tensor padded = at::constant_pad_nd(embedded, {0, 0, kNeighbours / 2, kNeighbours / 2});
  const at::Tensor windows = padded.unfold(1, kNeighbours, 1).transpose(2, 3).flatten(2);  // [B, M, 5 E]
  const at::Tensor h = nn::silu(neighbours_->forward(windows));
  at::Tensor s = h.unflatten(1, {states_, bytes_a_state_}).mean(2) + positions_;
  const at::Tensor no_turns = no_turns_.get(1, states_, bytes.device());
  for (const auto& block : blocks_) s = block->forward(s, {}, no_turns);
  return norm_->forward(s);
}

}  // namespace pixnerd::nn
