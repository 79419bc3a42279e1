// How large a value from a file or the network may be, as YAML or as JSON.
#pragma once

#include <cstddef>

namespace pixnerd::config {

inline constexpr size_t kMaxDepth = 32;  // levels of lists and maps
inline constexpr size_t kMaxValues = 100'000;

}  // namespace pixnerd::config
