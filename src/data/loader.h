// Batches for training, made in the background: threads decode, crop and augment ahead of the network.
// B batch, S side of its pictures.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "data/config.h"
#include "data/picture_set.h"

namespace pixnerd::data {

struct Batch {
  at::Tensor images;                // [B, 3, S, S] float32 in [-1, 1]
  at::Tensor labels;                // [B] int64; [B, 2] of class and style where the set has styles
  std::vector<int64_t> pictures{};  // their numbers in the set
};

// A part of every batch, for one of several processes that share them out: with batches of B, rows [rank B, (rank + 1)
// B) of batches of ranks B.
struct BatchShare {
  int64_t rank = 0, ranks = 1;
};

class BatchLoader {
 public:
  // Starts config.workers threads. Batch k holds the positions [k B, (k + 1) B) of the endless sequence of samples.h,
  // or the share of them, all as squares of one size (batch_size.h): it depends on the files and (seed, k) alone, not
  // on workers or timing, and a run that was stopped after k batches goes on with first_batch = k.
  // std::invalid_argument: a batch_size below 1, a first_batch below 0 or so high that positions overflow, or a share
  // that there is not.
  BatchLoader(std::shared_ptr<const PictureSet> set, const DataConfig& config, int64_t batch_size, uint64_t seed,
              int64_t first_batch = 0, const BatchShare& share = {});
  ~BatchLoader();  // waits for the pictures being decoded, not for whole batches
  BatchLoader(BatchLoader&&) noexcept;
  BatchLoader& operator=(BatchLoader&&) noexcept;

  // The next batch, on the CPU; waits until it is complete. The tensors are the caller's. DataError: nothing in the
  // set can be read. Whatever went wrong in a thread is thrown here by the call for the batch it belongs to, and
  // again by every later call.
  Batch next();

  // Pictures that could not be read so far, those decoded ahead included. Each is named in the log, once.
  int64_t broken() const;

 private:
  class Batches;
  std::unique_ptr<Batches> batches_;
};

// The labels of one picture as a row of Batch::labels: a scalar, or [2].
at::Tensor condition_of(const PictureSet& set, int64_t index);

}  // namespace pixnerd::data
