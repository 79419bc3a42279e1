#include "http/secret.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <array>
#include <climits>
#include <stdexcept>

namespace pixnerd::http {
namespace {

using Digest = std::array<unsigned char, 32>;

const unsigned char* as_bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

void expect(bool succeeded) {
  if (!succeeded) throw std::runtime_error("OpenSSL has failed");  // of memory or its random numbers, of nothing else
}

std::string hexadecimal(const unsigned char* bytes, size_t size) {
  constexpr char digits[] = "0123456789abcdef";
  std::string text;
  text.reserve(size * 2);
  for (size_t i = 0; i < size; ++i) {
    text += digits[bytes[i] >> 4];
    text += digits[bytes[i] & 15];
  }
  return text;
}

Digest hmac(std::string_view key, std::string_view text) {
  Digest digest;
  expect(key.size() <= INT_MAX && HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), as_bytes(text),
                                       text.size(), digest.data(), nullptr) != nullptr);
  return digest;
}

}  // namespace

std::string random_hex(size_t bytes) {
  std::string random(bytes, '\0');
  auto* const data = reinterpret_cast<unsigned char*>(random.data());
  expect(bytes <= INT_MAX && RAND_bytes(data, static_cast<int>(bytes)) == 1);
  return hexadecimal(data, bytes);
}

// By digests under a key of this process: they are of one length, and whoever measures learns nothing of the texts.
bool is_same_secret(std::string_view given, std::string_view known) {
  static const std::string key = random_hex(32);
  const Digest of_given = hmac(key, given), of_known = hmac(key, known);
  return CRYPTO_memcmp(of_given.data(), of_known.data(), of_given.size()) == 0;
}

std::string signature(std::string_view key, std::string_view text) {
  const Digest digest = hmac(key, text);
  return hexadecimal(digest.data(), digest.size());
}

}  // namespace pixnerd::http
