// Resizing one side of a picture of bytes by weighted sums in fixed point, with Pillow's arithmetic (image/resize.h):
//   y = clip((2^21 + sum_j w_j x_j) >> 22, 0, 255), j = 0, 1, ... of each output's own weights w and inputs x
// Every set gives the same bytes.
#pragma once

#include <cstdint>

#include "kernels/isa.h"
#include "kernels/range.h"

namespace pixnerd::kernels {

constexpr int kWeightBits = 22;  // behind the point

// Output i is made of inputs first[i], first[i] + 1, ... with weights[start[i]] ... weights[start[i + 1] - 1], of which
// no sum with bytes leaves 32 bits.
struct ResampleTaps {
  int64_t outputs = 0;               // N
  const int32_t* first = nullptr;    // [N], not descending
  const int32_t* start = nullptr;    // [N + 1]
  const int32_t* weights = nullptr;  // [start[N]]

  int32_t count(int64_t output) const { return start[output + 1] - start[output]; }
  // Where the inputs of all outputs end.
  int64_t end() const { return first[outputs - 1] + count(outputs - 1); }
};

// Rows of bytes, each `stride` of them behind the one before.
struct ResampleRows {
  const uint8_t* x = nullptr;
  int64_t x_stride = 0;
  uint8_t* y = nullptr;
  int64_t y_stride = 0;
};

// Each of `rows` made of N pixels of three bytes. y is not x.
void resample_width(const ResampleTaps& taps, const ResampleRows& pixels, Range rows, Isa isa = chosen_isa());

// The `outputs`, at most N, as rows of `width` bytes, made of whole rows of x. y is not x.
void resample_height(const ResampleTaps& taps, int64_t width, const ResampleRows& pixels, Range outputs,
                     Isa isa = chosen_isa());

}  // namespace pixnerd::kernels
