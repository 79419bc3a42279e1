// What must not be guessed, and what proves that somebody knows it; by OpenSSL.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace pixnerd::http {

// So many random bytes from the system's generator, as hexadecimal digits.
std::string random_hex(size_t bytes);

// Whether the two are the same, in a time that does not depend on where they differ, nor on the length of `known`.
bool is_same_secret(std::string_view given, std::string_view known);

// HMAC-SHA-256 in 64 hexadecimal digits.
std::string signature(std::string_view key, std::string_view text);

}  // namespace pixnerd::http
