// The checksum of TFRecord files.
#pragma once

#include <cstdint>
#include <string_view>

namespace pixnerd {

// CRC-32C (Castagnoli), as RFC 3720 has it: 0xE3069283 for "123456789".
uint32_t crc32c(std::string_view bytes);

}  // namespace pixnerd
