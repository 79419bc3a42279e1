#include "http/base64.h"

#include <openssl/evp.h>

#include <algorithm>
#include <climits>

#include "core/errors.h"
#include "core/text.h"

namespace pixnerd::http {
namespace {

constexpr size_t kMostBytes = INT_MAX / 4;  // OpenSSL counts in int

bool is_blank(char c) {
  return c == '\r' || c == '\n' || c == ' ' || c == '\t';
}

bool is_digit(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
}

// The digits alone. Padding, if there is any, completes the last four.
std::string digits_of(std::string_view text) {
  std::string digits;
  digits.reserve(text.size());
  size_t padding = 0;
  for (const char c : text) {
    if (is_blank(c)) continue;
    if (c == '=') {
      ++padding;
    } else if (padding > 0 || !is_digit(c)) {
      throw DataError(concat("base64 has ", quoted(std::string_view(&c, 1)), " where a digit belongs"));
    } else {
      digits += c;
    }
  }
  if (digits.size() % 4 == 1) throw DataError("base64 ends in one digit, which is not a whole byte");
  if (padding > 0 && padding != (4 - digits.size() % 4) % 4) {
    throw DataError("base64 ends in a wrong number of '='");
  }
  return digits;
}

unsigned char* as_bytes(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());
}

const unsigned char* as_bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

std::string base64(std::string_view bytes) {
  if (bytes.size() > kMostBytes) throw DataError(concat(human_bytes(bytes.size()), " are too many for base64"));
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');  // OpenSSL writes a zero at the end
  const int size = EVP_EncodeBlock(as_bytes(text), as_bytes(bytes), static_cast<int>(bytes.size()));
  text.resize(static_cast<size_t>(size));
  return text;
}

std::string base64_decoded(std::string_view text) {
  if (text.size() > kMostBytes) throw DataError(concat(human_bytes(text.size()), " of base64 are too many"));
  std::string digits = digits_of(text);
  const size_t size = digits.size() / 4 * 3 + (digits.size() % 4 == 0 ? 0 : digits.size() % 4 - 1);
  digits.resize((digits.size() + 3) / 4 * 4, '=');
  std::string bytes(digits.size() / 4 * 3, '\0');
  if (EVP_DecodeBlock(as_bytes(bytes), as_bytes(digits), static_cast<int>(digits.size())) < 0) {
    throw DataError("base64 is not well-formed");
  }
  bytes.resize(size);
  return bytes;
}

}  // namespace pixnerd::http
