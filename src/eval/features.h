// What a network sees in pictures: the numbers that all metrics are computed from.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>

#include "core/progress.h"
#include "dist/group.h"
#include "eval/pictures.h"

namespace pixnerd::eval {

// Of N pictures, float32. A network without spatial features or classes leaves those undefined.
struct Features {
  at::Tensor pooled;   // [N, D]
  at::Tensor spatial;  // [N, E]
  at::Tensor logits;   // [N, classes]
  // Of the pixels alone.
  at::Tensor borders{};     // [N, 2] (patch_borders.h)
  at::Tensor thumbnails{};  // [N, 192] (judge.h)

  int64_t count() const;  // N, of whichever is there; 0 if none is
};

// Which of them somebody wants to have; what is of the pixels alone is always kept.
struct Needs {
  bool pooled = true, spatial = true, logits = true;
};

// Pictures [B, H, W, 3] uint8 -> their features. Any network can stand behind it.
using FeatureExtractor = std::function<Features(const at::Tensor& pictures)>;

// Of all pictures, `batch` at a time, or of their share() alone; what is not needed is dropped and left undefined.
// DataError if the network gives numbers that are not finite.
Features extract(Pictures& pictures, const FeatureExtractor& extractor, int64_t batch, const Needs& needs = {},
                 Progress* progress = nullptr);

// Collective. Shares the pictures out among the processes, and gives all of them the features of all, in the order that
// one process would have found. Errors as extract() and Pictures::share_out().
Features extract_together(const dist::Group& group, Pictures& pictures, const FeatureExtractor& extractor,
                          int64_t batch, const Needs& needs, Progress* progress);

}  // namespace pixnerd::eval
