// Which pictures to draw.
#pragma once

#include <cstdint>
#include <vector>

#include "models/precision.h"
#include "sample/config.h"

namespace pixnerd::sample {

struct Request {
  std::vector<int64_t> labels;  // one a picture, 0 .. num_classes (the last is the null class)
  std::vector<int64_t> styles;  // likewise, 0 .. num_styles; none: picture i has the style i modulo num_styles
  uint64_t seed = 0;            // picture i has the seed `seed + i`
  SampleConfig sample;
  int64_t batch_size = 16;  // changes the speed and nothing else, but for float rounding
  models::Precision precision = models::Precision::float32;
};

}  // namespace pixnerd::sample
