// Base 64 ends in a DataError, or in as many bytes as its digits hold; all bytes come back from theirs.
#include "http/base64.h"

#include <algorithm>

#include "tests/fuzz/checks.h"

using namespace pixnerd;
using fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text = fuzz::as_text(data, size);
  require(http::base64_decoded(http::base64(text)) == text, "bytes come back from their digits");
  std::string bytes;
  if (!fuzz::accepts<DataError>([&] { bytes = http::base64_decoded(text); })) return 0;
  const auto blanks = std::count_if(
      text.begin(), text.end(), [](char c) { return std::string_view(" \t\r\n=").find(c) != std::string_view::npos; });
  require(bytes.size() == (size - static_cast<size_t>(blanks)) * 3 / 4, "four digits are three bytes");
  require(http::base64_decoded(http::base64(bytes)) == bytes, "what was read is written and reads back as the same");
  return 0;
}
