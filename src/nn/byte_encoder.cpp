#include "nn/byte_encoder.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/embedding_bag.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/remainder.h>
#include <ATen/ops/stack.h>

#include <array>
#include <cmath>

#include "core/errors.h"
#include "core/text.h"

namespace pixnerd::nn {
namespace {

constexpr std::array<int64_t, 5> kLengths{2, 3, 4, 6, 8};  // of the runs of bytes
constexpr double kPositionStd = 0.2;                       // as s varies at first

// A row of the table is met in a few of a thousand steps, each of which moves it by the learning rate, whatever the
// gradient. So the rows are small, and grow on the way out.
constexpr double kRowStd = 0.02, kRowGain = 10;

// Of SwiGLU; as many multiplications as two matrices of four times the width.
int64_t hidden_of(int64_t width) {
  return 8 * width / 3;
}

}  // namespace

// Rolling hashes (Rabin and Karp) modulo a prime, then one more step, so that lengths differ.
at::Tensor ngram_rows(const at::Tensor& bytes) {
  constexpr int64_t kBase = 257, kPrime = 2147483647, kStep = 48271, kOfLength = 7919;
  at::Tensor hash = bytes;
  std::vector<at::Tensor> rows;
  for (int64_t length = 1; std::ssize(rows) < std::ssize(kLengths); ++length) {
    if (length > 1) {  // of one byte less, one byte before
      const at::Tensor before = at::constant_pad_nd(hash, {1, 0}).narrow(1, 0, bytes.size(1));
      hash = at::remainder(before * kBase + bytes, kPrime);
    }
    if (length != kLengths[rows.size()]) continue;
    const at::Tensor mixed = at::remainder(hash * kStep + length * kOfLength, kPrime);
    rows.push_back(at::remainder(mixed, kNgramRows - 1) + 1);
  }
  return at::stack(rows, 2) * bytes.ne(0).unsqueeze(2);
}

ByteEncoderImpl::ByteEncoderImpl(int64_t width, int64_t states, int64_t bytes_a_state, int64_t blocks)
    : states_(states),
      bytes_a_state_(bytes_a_state),
      no_turns_([](int64_t, int64_t n) { return rope_table_of_no_positions(n, kByteHeadWidth); }) {
  auto table = register_module("ngram_table", std::make_shared<torch::nn::Module>());
  table_ = table->register_parameter("weight", at::empty({kNgramRows, kNgramWidth}));
  positions_ = register_parameter("positions", at::empty({1, states, width}));
  proj_ = register_module("proj", Linear(kNgramWidth, width, /*with_bias=*/false));
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
    table_.normal_(0, kRowStd, generator);
    positions_.normal_(0, kPositionStd, generator);
  }
  proj_->initialise(generator);
  for (auto& block : blocks_) block->initialise(generator);
  norm_->initialise();
}

at::Tensor ByteEncoderImpl::forward(const at::Tensor& bytes) {
  if (bytes.dim() != 2 || bytes.size(1) != states_ * bytes_a_state_ || bytes.scalar_type() != at::kLong) {
    throw RequestError(concat("bytes of texts have the shape ", bytes.sizes(), ", but the network takes [B, ",
                              states_ * bytes_a_state_, "]"));
  }
  constexpr int64_t kSum = 0, kPaddingRow = 0;
  const at::Tensor rows =
      ngram_rows(bytes).view({-1, bytes_a_state_ * std::ssize(kLengths)});  // [B N, rows of a state]
  const at::Tensor starts = at::arange(0, rows.numel(), rows.size(1), rows.options());
  const at::Tensor sums = std::get<0>(at::embedding_bag(table_, rows.flatten(), starts, /*scale_grad_by_freq=*/false,
                                                        kSum, /*sparse=*/false, /*per_sample_weights=*/{},
                                                        /*include_last_offset=*/false, kPaddingRow));
  const double gain = kRowGain / std::sqrt(static_cast<double>(rows.size(1)));
  at::Tensor s = proj_->forward((sums * gain).view({bytes.size(0), states_, kNgramWidth})) + positions_;
  const at::Tensor no_turns = no_turns_.get(1, states_, bytes.device());
  for (const auto& block : blocks_) s = block->forward(s, {}, no_turns);
  return norm_->forward(s) * bytes.view({bytes.size(0), states_, -1}).ne(0).any(2, /*keepdim=*/true);
}

}  // namespace pixnerd::nn
