// Which pictures to draw.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "models/precision.h"
#include "sample/config.h"

namespace pixnerd::sample {

// Texts as a text-to-image network takes them.
struct TextConditions {
  at::Tensor states;               // [K, N, T], of K texts (models/prompt_encoder.h)
  std::vector<int64_t> rows;       // one a picture: the text that it shows
  std::vector<int64_t> null_rows;  // likewise: the text that guidance leads away from
};

struct Request {
  std::vector<int64_t> labels;          // one a picture, 0 .. num_classes (the last is the null class)
  std::vector<int64_t> styles;          // likewise, 0 .. num_styles; none: picture i has the style i modulo num_styles
  std::optional<TextConditions> texts;  // in place of labels, for a text-to-image network
  uint64_t seed = 0;                    // picture i has the seed `seed + i` in 64 bits,
  std::vector<uint64_t> seeds;          // unless they are given here, one a picture
  SampleConfig sample;
  int64_t batch_size = 16;  // changes the speed and nothing else, but for float rounding
  models::Precision precision = models::Precision::float32;

  int64_t pictures() const { return static_cast<int64_t>(texts ? texts->rows.size() : labels.size()); }
  uint64_t seed_of(int64_t picture) const {
    return seeds.empty() ? seed + static_cast<uint64_t>(picture) : seeds[static_cast<size_t>(picture)];
  }
};

}  // namespace pixnerd::sample
