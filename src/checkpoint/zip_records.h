// What the records of a zip file have in common for reading and writing (APPNOTE.TXT 6.3).
#pragma once

#include <cstdint>

namespace pixnerd::checkpoint {

// A number of a record that says: the true one stands in a zip64 record.
inline constexpr uint64_t kMax16 = 0xffff, kMax32 = 0xffffffff;
inline constexpr uint16_t kZip64Field = 1;

}  // namespace pixnerd::checkpoint
