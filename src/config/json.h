// JSON, as shards and logs hold it, to and from the same values as YAML.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "config/value.h"

namespace pixnerd::config {

inline constexpr size_t kMostJsonBytes = size_t{1} << 20;

// Parses one JSON text of at most `most_bytes`. Throws ConfigError "source: ..." for what is not JSON or not UTF-8, for
// a key that appears twice in a map, and for more bytes, 32 levels or 100,000 values. Values have no lines.
Value parse_json(std::string_view text, const std::string& source, size_t most_bytes = kMostJsonBytes);

// Compact JSON on one line, fields in their order: numbers and truth values that are not quoted stay as they are
// written, every other scalar is a string. Throws ConfigError for text that is not UTF-8.
std::string to_json(const Value& value);

}  // namespace pixnerd::config
