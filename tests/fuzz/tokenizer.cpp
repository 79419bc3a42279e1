// A tokenizer.json, then a zero byte and a text, end in a DataError or in ids that there are tokens for. Where nothing
// is in front of the zero byte, a tokenizer with Qwen's words gives ids from which the text comes back.
#include "text/tokenizer.h"

#include "core/errors.h"
#include "tests/fuzz/checks.h"
#include "tests/text/tiny_tokenizer.h"
#include "text/unicode.h"

namespace {

using namespace pixnerd;

const text::Tokenizer& tiny() {
  static const text::Tokenizer tokenizer = text::tokenizer_of(
      text::tiny_tokenizer({{"a", "a"}, {"aa", "aa"}, {"a", "b"}, {"\u0120", "a"}, {"\u0120", "\u0120"}}));
  return tokenizer;
}

void check_text(std::string_view input) {
  const std::string back = tiny().decode(tiny().encode(input));
  fuzz::require(back == text::nfc(text::repaired(input)), "ids give back the text in its normal form");
}

void check_file(std::string_view json, std::string_view input) {
  std::vector<int32_t> ids;
  int64_t limit = 0;
  const auto encode = [&] {
    const text::Tokenizer tokenizer = text::Tokenizer::parse(json, "x.json");
    limit = tokenizer.id_limit();
    ids = tokenizer.encode(input);
    tokenizer.decode(ids);
  };
  if (!fuzz::accepts<DataError>(encode)) return;
  for (const int32_t id : ids) fuzz::require(id >= 0 && id < limit, "an id has a token");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input = fuzz::as_text(data, size);
  const size_t zero = input.find('\0');
  if (zero == 0) {
    check_text(input.substr(1));
  } else {
    check_file(input.substr(0, zero), zero == std::string_view::npos ? "a text" : input.substr(zero + 1));
  }
  return 0;
}
