#include "checkpoint/strided_entry.h"

#include <algorithm>
#include <limits>

namespace pixnerd::checkpoint {

int64_t StridedEntry::elements() const {
  int64_t count = 1;
  for (const int64_t side : shape) count *= side;
  return count;
}

bool StridedEntry::is_contiguous() const {
  int64_t expected = 1;
  for (size_t i = shape.size(); i-- > 0;) {
    if (shape[i] != 1 && strides[i] != expected) return elements() == 0;
    expected *= shape[i];
  }
  return true;
}

std::optional<uint64_t> size_of(std::span<const int64_t> shape, DType dtype) {
  const uint64_t most = static_cast<uint64_t>(std::numeric_limits<int64_t>::max()) / bytes_of(dtype);
  uint64_t elements = 1;
  bool empty = false;
  for (const int64_t side : shape) {
    if (side < 0) return std::nullopt;
    empty = empty || side == 0;
    const uint64_t factor = std::max<uint64_t>(static_cast<uint64_t>(side), 1);
    if (elements > most / factor) return std::nullopt;
    elements *= factor;
  }
  return empty ? 0 : bytes_of(elements, dtype);
}

std::vector<int64_t> row_major(const std::vector<int64_t>& shape) {
  std::vector<int64_t> strides(shape.size());
  int64_t stride = 1;
  for (size_t i = shape.size(); i-- > 0;) {
    strides[i] = stride;
    stride *= shape[i] == 0 ? 1 : shape[i];
  }
  return strides;
}

}  // namespace pixnerd::checkpoint
