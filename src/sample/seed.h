// Seeds as torch.Generator.manual_seed takes them: whole numbers from -2^63 to 2^64 - 1, of which a negative one is the
// same as itself plus 2^64. Those of pictures that are counted on from there go round in 64 bits.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>

#include "config/value.h"

namespace pixnerd::sample {

inline constexpr const char* kSeedRange = "a whole number from -9223372036854775808 to 18446744073709551615";

// A decimal number; none if the text is something else or beyond the range.
std::optional<uint64_t> parse_seed(std::string_view text);

// A seed as a scalar of a configuration, and back. ConfigError as config::read_scalar().
config::Value seed_value(uint64_t seed);
uint64_t read_seed(const config::Value& value);

// What a struct's fields() says in place of visit("seed", seed, help): 64 bits are more than its whole numbers have.
template <class Visitor, class Seed>
void visit_seed(Visitor& visit, Seed& seed, const char* help) {
  constexpr bool is_optional = !std::is_same_v<std::remove_const_t<Seed>, uint64_t>;
  config::Value value;  // null
  if constexpr (is_optional) {
    if (seed) value = seed_value(*seed);
  } else {
    value = seed_value(seed);
  }
  visit("seed", value, help);
  if constexpr (!std::is_const_v<Seed>) {
    if (!is_optional || value.kind != config::Value::Kind::null) seed = read_seed(value);
  }
}

}  // namespace pixnerd::sample
