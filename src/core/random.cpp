#include "core/random.h"

#include <array>
#include <numeric>
#include <stdexcept>
#include <utility>

namespace pixnerd {
namespace {

using Words = std::array<uint32_t, 4>;

uint32_t low_word(uint64_t x) {
  return static_cast<uint32_t>(x);
}

uint32_t high_word(uint64_t x) {
  return static_cast<uint32_t>(x >> 32);
}

Words philox4x32_10(Words counter, uint32_t key_0, uint32_t key_1) {
  for (int round = 0; round < 10; ++round) {
    const uint64_t product_0 = uint64_t{0xD2511F53} * counter[0];
    const uint64_t product_1 = uint64_t{0xCD9E8D57} * counter[2];
    counter = {high_word(product_1) ^ counter[1] ^ key_0, low_word(product_1),
               high_word(product_0) ^ counter[3] ^ key_1, low_word(product_0)};
    key_0 += 0x9E3779B9;
    key_1 += 0xBB67AE85;
  }
  return counter;
}

}  // namespace

uint64_t random_bits(uint64_t seed, uint64_t stream, uint64_t counter) {
  const Words words = philox4x32_10({low_word(counter), high_word(counter), low_word(stream), high_word(stream)},
                                    low_word(seed), high_word(seed));
  return uint64_t{words[1]} << 32 | words[0];
}

double random_uniform(uint64_t seed, uint64_t stream, uint64_t counter) {
  return static_cast<double>(random_bits(seed, stream, counter) >> 11) * 0x1p-53;
}

std::vector<int64_t> random_permutation(int64_t n, uint64_t seed, uint64_t stream) {
  if (n < 0) throw std::invalid_argument("random_permutation: n is negative");
  std::vector<int64_t> order(static_cast<size_t>(n));
  std::iota(order.begin(), order.end(), int64_t{0});
  uint64_t counter = 0;
  for (uint64_t left = static_cast<uint64_t>(n); left > 1; --left) {
    // The bits below 2^64 mod left are drawn again: the rest is a whole number of times `left`.
    const uint64_t surplus = (0 - left) % left;
    uint64_t bits = random_bits(seed, stream, counter++);
    while (bits < surplus) bits = random_bits(seed, stream, counter++);
    std::swap(order[left - 1], order[bits % left]);
  }
  return order;
}

}  // namespace pixnerd
