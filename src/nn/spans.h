// Rows of a backward pass in spans that the rows alone decide, not the threads: each adds up for itself what is summed
// over rows, so that gradients are the same numbers whatever the number of threads, and whichever thread takes a span.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/zeros.h>

#include <cstdint>
#include <functional>

namespace pixnerd::nn {

// Rows begin to end. `number` counts spans, `part` those of a sample.
struct Span {
  int64_t begin, end, number, part;
};

class Spans {
 public:
  // Of [0, samples * rows), `rows` of them a sample's, none of which shares a span with another. `work` is a row's, as
  // share() takes it.
  Spans(int64_t samples, int64_t rows, int64_t work);

  int64_t count() const { return samples_ * parts_; }
  int64_t parts() const { return parts_; }  // of a sample

  // Calls visit(span) for each, among the threads of share().
  void share(const std::function<void(const Span& span)>& visit) const;

 private:
  int64_t samples_, rows_, work_, parts_;
};

// Float32 sums [rows, columns], `count` of them, to be added up: one for each span, or, where they are of samples
// (rows = samples), for each part.
class SpanSums {
 public:
  SpanSums(int64_t count, int64_t rows, int64_t columns) : sums_(at::zeros({count, rows, columns})) {}

  float* of(int64_t number) { return sums_.mutable_data_ptr<float>() + number * sums_.stride(0); }

  at::Tensor total() const { return sums_.size(0) == 1 ? sums_[0] : sums_.sum(0); }

 private:
  at::Tensor sums_;
};

}  // namespace pixnerd::nn
