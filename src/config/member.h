// Which types a configuration struct may have as members; see schema.h.
#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "config/scalar.h"
#include "core/errors.h"
#include "core/text.h"

namespace pixnerd::config {

// The visitor that collects the keys of a section.
struct KeysOfFields {
  std::vector<std::string> keys;

  template <class M>
  void operator()(const char* key, M&, const char*, const Constraint& = {}) {
    keys.emplace_back(key);
  }
};

// A struct that lists its fields.
template <class T>
concept Section = requires(T& section, KeysOfFields& visit) {
  T::fields(section, visit);
};

// A member that is one scalar, enumerations apart.
template <class T>
concept Leaf =
    std::same_as<T, bool> || std::same_as<T, int64_t> || std::same_as<T, double> || std::same_as<T, std::string>;

// What is inside optionals, vectors and arrays.
template <class T>
struct ElementOf {
  using Type = T;
};
template <class T>
struct ElementOf<std::optional<T>> : ElementOf<T> {};
template <class T>
struct ElementOf<std::vector<T>> : ElementOf<T> {};
template <class T, size_t N>
struct ElementOf<std::array<T, N>> : ElementOf<T> {};

// The names of an enumeration, in the order of its table.
template <class E>
requires std::is_enum_v<E> std::vector<std::string> names_of() {
  std::vector<std::string> names;
  for (const auto& entry : enum_names(E{})) names.emplace_back(entry.first);
  return names;
}

// The value of that name; nothing if there is none.
template <class E>
requires std::is_enum_v<E> std::optional<E> enum_value(std::string_view name) {
  for (const auto& [known, value] : enum_names(E{})) {
    if (known == name) return value;
  }
  return std::nullopt;
}

// The name of a value. ConfigError for a number that is none of the enumeration.
template <class E>
requires std::is_enum_v<E> std::string enum_name(E value) {
  for (const auto& [name, known] : enum_names(value)) {
    if (known == value) return name;
  }
  throw ConfigError(concat("an enumeration has no name for its value ", static_cast<int64_t>(value)));
}

}  // namespace pixnerd::config
