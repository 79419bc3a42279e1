// Base 64 (RFC 4648, 4) by OpenSSL.
#pragma once

#include <string>
#include <string_view>

namespace pixnerd::http {

std::string base64(std::string_view bytes);

// Line ends and blanks between digits are passed over, padding at the end may be missing. DataError for anything else
// that is no digit, and for a length that no bytes have.
std::string base64_decoded(std::string_view text);

}  // namespace pixnerd::http
