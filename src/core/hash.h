// FNV-1a, 64 bit: a fingerprint that tells texts apart, but not texts that are made to collide.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace pixnerd {

inline constexpr uint64_t kEmptyHash = 0xcbf29ce484222325;

// The hash of `text`, or of a longer text whose beginning has the hash `before`.
constexpr uint64_t hash_of(std::string_view text, uint64_t before = kEmptyHash) {
  uint64_t hash = before;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}

// 16 digits.
inline std::string hexadecimal(uint64_t number) {
  std::string digits(16, '0');
  for (size_t i = 16; i-- > 0; number >>= 4) digits[i] = "0123456789abcdef"[number & 15];
  return digits;
}

}  // namespace pixnerd
