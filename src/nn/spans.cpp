#include "nn/spans.h"

#include <algorithm>

#include "nn/share.h"

namespace pixnerd::nn {
namespace {

// Spans of a pass where there is work for them: enough for many threads, few enough that adding up their sums is
// nothing beside it.
constexpr int64_t kSpans = 64, kLeastWork = 1'000'000;

int64_t parts_of(int64_t samples, int64_t rows, int64_t work) {
  const int64_t all = std::max<int64_t>(1, samples), of_sample = rows * std::max<int64_t>(1, work);
  return std::clamp<int64_t>(std::min((kSpans + all - 1) / all, of_sample / kLeastWork), 1, std::max<int64_t>(1, rows));
}

}  // namespace

Spans::Spans(int64_t samples, int64_t rows, int64_t work)
    : samples_(samples), rows_(rows), work_(work), parts_(parts_of(samples, rows, work)) {}

void Spans::share(const std::function<void(const Span&)>& visit) const {
  nn::share(count(), rows_ * work_ / parts_, [&](int64_t begin, int64_t end) {
    for (int64_t number = begin; number < end; ++number) {
      const int64_t sample = number / parts_, part = number % parts_, first = sample * rows_;
      visit({first + rows_ * part / parts_, first + rows_ * (part + 1) / parts_, number, part});
    }
  });
}

}  // namespace pixnerd::nn
