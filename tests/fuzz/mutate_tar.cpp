// Changes tar files so that most of them keep true checksums: without that nearly all would end at the first header.
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <numeric>

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);

namespace {

constexpr size_t kBlock = 512, kSizeAt = 124, kSizeDigits = 11, kSumAt = 148, kSumBytes = 8;

size_t content_size(const uint8_t* header) {
  size_t size = 0;
  for (const uint8_t* c = header + kSizeAt; c < header + kSizeAt + kSizeDigits && *c >= '0' && *c <= '7'; ++c) {
    size = size * 8 + static_cast<size_t>(*c - '0');
  }
  return size;
}

void correct_sum(uint8_t* header) {
  std::memset(header + kSumAt, ' ', kSumBytes);
  char digits[kSumBytes];
  std::snprintf(digits, sizeof(digits), "%06o", std::accumulate(header, header + kBlock, 0U));
  std::memcpy(header + kSumAt, digits, kSumBytes - 1);
}

}  // namespace

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size, unsigned seed) {
  size = LLVMFuzzerMutate(data, size, max_size);
  if (seed % 16 == 0) return size;
  for (size_t at = 0; at + kBlock <= size;) {
    uint8_t* const header = data + at;
    if (*header != 0) correct_sum(header);
    at += kBlock + (*header == 0 ? 0 : (content_size(header) + kBlock - 1) / kBlock * kBlock);
  }
  return size;
}
