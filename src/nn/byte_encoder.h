// A text encoder without vocabulary: UTF-8 bytes to states, small enough to be trained with the network that reads
// them.
//
//   e = table[bytes]                                  [B, M, E]    E = 64; byte + 1, 0 is padding
//   h = silu(W [e of 5 neighbouring bytes] + b)       [B, M, T]    sees the same letters wherever they stand
//   s = mean of h over each group of M / N bytes      [B, N, T]
//   s = transformer blocks(s + learned positions)     [B, N, T]    pre-norm, without modulation
//   states = RMSNorm(s)
//
// B texts, M bytes, N states, T width. Padding is read as any other byte, so its states mean something too.
#pragma once

#include <vector>

#include "nn/linear.h"
#include "nn/positions.h"
#include "nn/rms_norm.h"
#include "nn/transformer_block.h"

namespace pixnerd::nn {

inline constexpr int64_t kByteHeadWidth = 32;  // T is a multiple of it

struct ByteEncoderImpl : torch::nn::Module {
  ByteEncoderImpl(int64_t width, int64_t states, int64_t bytes_a_state, int64_t blocks);

  void initialise(at::Generator& generator);  // byte_table, positions, neighbours, blocks

  // bytes [B, N * bytes_a_state] int64 in 0 ... 256 -> [B, N, T]. RequestError for another shape or number.
  at::Tensor forward(const at::Tensor& bytes);

 private:
  int64_t states_, bytes_a_state_;
  at::Tensor table_;      // [257, E]
  at::Tensor positions_;  // [1, N, T]
  Linear neighbours_{nullptr};
  std::vector<TransformerBlock> blocks_;
  RMSNorm norm_{nullptr};
  GridTables no_turns_;
};
TORCH_MODULE(ByteEncoder);

}  // namespace pixnerd::nn
