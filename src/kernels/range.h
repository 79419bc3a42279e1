// What part of the work one call does. A kernel starts no threads: the caller splits tokens or rows among its own.
#pragma once

#include <cstdint>

namespace pixnerd::kernels {

// The items begin, begin + 1, ..., end - 1 of arrays whose pointers name item 0.
struct Range {
  int64_t begin = 0;
  int64_t end = 0;
};

}  // namespace pixnerd::kernels
