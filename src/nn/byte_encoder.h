// A text encoder without vocabulary: UTF-8 bytes to states, small enough to be trained with the network that reads
// them.
//
//   e = table[hash of the 2, 3, 4, 6 and 8 bytes that end at a byte]     rows of 64; of every byte that is no padding
//   s = W (10 / sqrt(5 M / N) * sum of e over a group of M / N bytes)    [B, N, T]
//   s = transformer blocks(s + learned positions)                        [B, N, T]    pre-norm, without modulation
//   states = RMSNorm(s), and 0 for a group that is padding alone         [B, N, T]
//
// B texts, M bytes, N states, T width. Rows found by hashing are those of the Byte Latent Transformer (arXiv
// 2412.09871, section 3.2.1): a short word has rows that are nearly its own, so words are learnt in a few readings, and
// words of one stem share rows. Two runs of bytes may share a row by chance; the other lengths tell them apart.
#pragma once

#include <vector>

#include "nn/linear.h"
#include "nn/positions.h"
#include "nn/rms_norm.h"
#include "nn/transformer_block.h"

namespace pixnerd::nn {

inline constexpr int64_t kByteHeadWidth = 32;  // T is a multiple of it
inline constexpr int64_t kNgramRows = 65536, kNgramWidth = 64;

// bytes [B, M] int64 in 0 ... 256: 0 is padding, others a byte + 1 -> rows of the table [B, M, 5]; 0 at padding alone.
at::Tensor ngram_rows(const at::Tensor& bytes);

struct ByteEncoderImpl : torch::nn::Module {
  ByteEncoderImpl(int64_t width, int64_t states, int64_t bytes_a_state, int64_t blocks);

  void initialise(at::Generator& generator);  // table, W, positions, blocks

  // bytes [B, N * bytes_a_state] as above -> [B, N, T]. RequestError for another shape.
  at::Tensor forward(const at::Tensor& bytes);

 private:
  int64_t states_, bytes_a_state_;
  at::Tensor table_;      // [kNgramRows, kNgramWidth]
  at::Tensor positions_;  // [1, N, T]
  Linear proj_{nullptr};
  std::vector<TransformerBlock> blocks_;
  RMSNorm norm_{nullptr};
  GridTables no_turns_;
};
TORCH_MODULE(ByteEncoder);

}  // namespace pixnerd::nn
