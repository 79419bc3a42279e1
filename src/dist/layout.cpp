#include "dist/layout.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace pixnerd::dist {

Layout::Layout(std::vector<int64_t> sizes, int64_t ranks, int64_t bucket_values)
    : sizes_(std::move(sizes)), ranks_(ranks) {
  if (ranks < 1) throw std::invalid_argument("Layout: no ranks");
  for (size_t i = sizes_.size(); i-- > 0;) {
    if (buckets_.empty() || buckets_.back().values >= bucket_values) buckets_.emplace_back();
    buckets_.back().tensors.push_back(i);
    buckets_.back().values += sizes_[i];
  }
}

int64_t Layout::longest_part(size_t bucket) const {
  return (buckets_.at(bucket).values + ranks_ - 1) / ranks_;
}

Layout::Part Layout::part(size_t bucket, int64_t rank) const {
  const int64_t values = buckets_.at(bucket).values, length = longest_part(bucket);
  return {std::min(values, rank * length), std::min(values, (rank + 1) * length)};
}

std::vector<Slice> Layout::slices(size_t bucket, int64_t rank) const {
  const Part mine = part(bucket, rank);
  std::vector<Slice> slices;
  int64_t offset = 0;
  for (const size_t tensor : buckets_.at(bucket).tensors) {
    const int64_t begin = std::max<int64_t>(0, mine.begin - offset);
    const int64_t end = std::min(sizes_[tensor], mine.end - offset);
    if (begin < end) slices.push_back({tensor, begin, end});
    offset += sizes_[tensor];
  }
  return slices;
}

std::vector<Slice> Layout::slices(int64_t rank) const {
  std::vector<Slice> all;
  for (size_t bucket = 0; bucket < buckets_.size(); ++bucket) {
    const std::vector<Slice> some = slices(bucket, rank);
    all.insert(all.end(), some.begin(), some.end());
  }
  return all;
}

int64_t bucket_values_for(int64_t all_values) {
  constexpr int64_t kBuckets = 16;
  return std::clamp<int64_t>(all_values / kBuckets, 1 << 16, 1 << 22);
}

}  // namespace pixnerd::dist
