// Which process keeps what of tensors that are shared out (ZeRO-1: Rajbhandari et al., arXiv 1910.02054, section 5.1):
// tensors stand in buckets, flat and one behind the other, and every process has an equal part of each bucket.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace pixnerd::dist {

// The values [begin, end) of a tensor, flattened.
struct Slice {
  size_t tensor = 0;
  int64_t begin = 0, end = 0;

  int64_t size() const { return end - begin; }
  bool operator==(const Slice&) const = default;
};

struct Bucket {
  std::vector<size_t> tensors;  // in the order in which they stand
  int64_t values = 0;
};

class Layout {
 public:
  // `sizes`: values of each tensor. Buckets hold the tensors from the last to the first, the order in which a backward
  // pass ends with them, each as many as give `bucket_values` or more. Depends on the sizes alone, so that what is
  // summed together is the same on any number of ranks. std::invalid_argument: ranks below 1.
  Layout(std::vector<int64_t> sizes, int64_t ranks, int64_t bucket_values);

  const std::vector<Bucket>& buckets() const { return buckets_; }

  // The part of a rank in a bucket: [begin, end) of its values. The last ranks' may be shorter, or empty.
  struct Part {
    int64_t begin = 0, end = 0;
    int64_t size() const { return end - begin; }
  };
  Part part(size_t bucket, int64_t rank) const;

  // The longest of a bucket.
  int64_t longest_part(size_t bucket) const;

  // A rank's part of one bucket, or of all, bucket after bucket, as pieces of tensors.
  std::vector<Slice> slices(size_t bucket, int64_t rank) const;
  std::vector<Slice> slices(int64_t rank) const;

 private:
  std::vector<int64_t> sizes_;
  int64_t ranks_;
  std::vector<Bucket> buckets_;
};

// Large enough that a message costs more than its beginning, small enough that a network has several: between 2^16 and
// 2^22 values.
int64_t bucket_values_for(int64_t all_values);

}  // namespace pixnerd::dist
