#include "sample/seed.h"

#include <charconv>
#include <string>
#include <system_error>

#include "config/scalar.h"

namespace pixnerd::sample {
namespace {

template <class Number>
std::optional<Number> whole(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

std::optional<uint64_t> parse_seed(std::string_view text) {
  if (!text.starts_with('-')) return whole<uint64_t>(text);
  const std::optional<int64_t> negative = whole<int64_t>(text);
  return negative ? std::optional(static_cast<uint64_t>(*negative)) : std::nullopt;
}

config::Value seed_value(uint64_t seed) {
  return config::plain_value(std::to_string(seed));
}

uint64_t read_seed(const config::Value& value) {
  const bool is_plain = value.kind == config::Value::Kind::scalar && !value.quoted;
  const std::optional<uint64_t> seed = is_plain ? parse_seed(value.scalar) : std::nullopt;
  if (!seed) config::refuse(value, "seed", kSeedRange);
  return *seed;
}

}  // namespace pixnerd::sample
