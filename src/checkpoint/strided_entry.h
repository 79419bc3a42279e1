// A tensor of any file: where its elements lie in memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "checkpoint/dtype.h"

namespace pixnerd::checkpoint {

inline constexpr size_t kMaxRank = 64;

struct StridedEntry {
  std::string name;
  DType dtype = DType::F32;
  std::vector<int64_t> shape, strides;  // of equal length; strides are in elements and not negative
  const std::byte* data = nullptr;      // of the first element; belongs to the file, may be unaligned
  size_t bytes = 0;                     // from the first element to behind the last; 0 if there are none

  int64_t elements() const;    // product of shape
  bool is_contiguous() const;  // row-major without holes
};

// Bytes of a tensor of so many elements; nothing if a side is negative or the size does not fit 63 bits. A side of 0
// counts as 1 for the limit, because strides are computed from the other sides.
std::optional<uint64_t> size_of(std::span<const int64_t> shape, DType dtype);

// The strides of a tensor whose elements follow each other in row-major order.
std::vector<int64_t> row_major(const std::vector<int64_t>& shape);

}  // namespace pixnerd::checkpoint
