// Changes pictures so that most PNGs keep true checksums: without that nearly all would end at the first changed chunk.
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <iterator>

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);

namespace {

constexpr uint8_t kSignature[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
constexpr size_t kChunkFrame = 12;  // length, type and checksum around the data

uint32_t big_endian(const uint8_t* bytes) {
  return uint32_t{bytes[0]} << 24 | uint32_t{bytes[1]} << 16 | uint32_t{bytes[2]} << 8 | uint32_t{bytes[3]};
}

uint32_t crc32(const uint8_t* data, size_t size) {
  uint32_t crc = ~uint32_t{0};
  for (size_t i = 0; i < size; ++i) {
    crc ^= data[i];
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xEDB88320U : 0U);
  }
  return ~crc;
}

}  // namespace

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size, unsigned seed) {
  size = LLVMFuzzerMutate(data, size, max_size);
  const bool is_png = size >= sizeof(kSignature) && std::equal(kSignature, std::end(kSignature), data);
  if (!is_png || seed % 16 == 0) return size;
  for (size_t at = sizeof(kSignature); at + kChunkFrame <= size;) {
    const size_t length = big_endian(data + at);
    if (length > size - at - kChunkFrame) break;
    const uint32_t crc = crc32(data + at + 4, length + 4);
    for (size_t i = 0; i < 4; ++i) data[at + 8 + length + i] = static_cast<uint8_t>(crc >> (24 - 8 * i));
    at += kChunkFrame + length;
  }
  return size;
}
