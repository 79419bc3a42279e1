// Configuration files end in a ConfigError, or in values that read back from what they are written as: the tree, and
// a typed configuration that is made of it.
#include <optional>

#include "tests/config/example.h"
#include "tests/fuzz/checks.h"

using namespace pixnerd;
using fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  config::Value value;
  const auto parse = [&] { value = config::parse(fuzz::as_text(data, size), "x.yaml"); };
  if (!fuzz::accepts<ConfigError>(parse)) return 0;
  require(config::parse(config::to_text(value), "again.yaml") == value, "YAML is written as it was read");
  require(!config::to_line(value).empty(), "a value has a text");

  example::Config typed;
  if (!fuzz::accepts<ConfigError>([&] { config::read(value, typed); })) return 0;
  example::Config again;
  config::read(config::parse(config::dump(typed), "again.yaml"), again);
  require(again == typed, "a configuration is written as it was read");
  return 0;
}
