// Values as people type them on the command line, KEY=VALUE, which are read by what the key wants: the text of a key
// that is a text is its value, with '#', '*', '{', quotes and blanks; numbers, truth values and names are what they are
// in YAML; a list has commas between its items, in brackets or not, an item with commas in it quotes around it; `null`
// and `none` stand for nothing where there may be nothing and a text may not be. Sections are YAML.
#pragma once

#include <optional>
#include <string>

#include "config/member.h"
#include "config/value.h"

namespace pixnerd::config {

// A scalar of which read_member() finds out what it is.
Value typed_value(std::string text, std::string source);

// What it is as a text, a number or name, a list (of items that are typed, too), YAML. `name` opens YAML's errors.
Value typed_text(const Value& value);
Value typed_scalar(const Value& value);
Value typed_list(const Value& value);
Value typed_yaml(const Value& value, const std::string& name);

// Whether it says that there is nothing.
bool is_typed_null(const Value& value);

template <class T>
struct TypedForm {
  static constexpr bool kList = false, kOptional = false;
};
template <class T>
struct TypedForm<std::optional<T>> {
  static constexpr bool kList = false, kOptional = true;
};
template <class T>
struct TypedForm<std::vector<T>> {
  // Lists of lists and of sections need brackets, which YAML has.
  static constexpr bool kList = Leaf<T> || std::is_enum_v<T>, kOptional = false;
};
template <class T, size_t N>
struct TypedForm<std::array<T, N>> : TypedForm<std::vector<T>> {};

// What it is for a member of type T.
template <class T>
Value typed_for(const Value& value, const std::string& name) {
  if constexpr (std::same_as<T, std::string>) {
    return typed_text(value);
  } else if constexpr (Leaf<T> || std::is_enum_v<T>) {
    return typed_scalar(value);
  } else if constexpr (TypedForm<T>::kList) {
    return typed_list(value);
  } else if constexpr (TypedForm<T>::kOptional) {
    using Inner = typename T::value_type;
    if (!std::same_as<Inner, std::string> && is_typed_null(value)) return Value{};
    return typed_for<Inner>(value, name);
  } else {
    return typed_yaml(value, concat("--set ", name));
  }
}

}  // namespace pixnerd::config
