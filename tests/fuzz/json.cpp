// JSON ends in a ConfigError, or in values that read back from what they are written as.
#include "config/json.h"

#include "core/errors.h"
#include "tests/fuzz/checks.h"

using namespace pixnerd;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  config::Value value;
  const auto parse = [&] { value = config::parse_json(fuzz::as_text(data, size), "x.json"); };
  if (!fuzz::accepts<ConfigError>(parse)) return 0;
  const std::string text = config::to_json(value);
  fuzz::require(text.find('\n') == std::string::npos, "JSON is written on one line");
  fuzz::require(config::parse_json(text, "again.json") == value, "JSON is written as it was read");
  return 0;
}
