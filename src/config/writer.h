// The visitor behind config::dump: makes a Value of the fields of a struct.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "config/member.h"
#include "config/value.h"

namespace pixnerd::config {

// The Value of a member of any type: the inverse of read_member.
template <class T>
Value member_value(const T& member);

struct WriteFields {
  Value map;

  template <class M>
  void operator()(const char* key, const M& member, const char*, const Constraint& = {}) {
    map.fields.emplace_back(key, member_value(member));
  }
};

template <class T, class List>
Value list_value(const List& list) {
  Value value;
  value.kind = Value::Kind::list;
  for (const auto& item : list) value.items.push_back(member_value<T>(item));
  return value;
}

template <class T>
Value container_value(const std::optional<T>& member) {
  return member ? member_value(*member) : Value{};
}

template <class T>
Value container_value(const std::vector<T>& member) {
  return list_value<T>(member);
}

template <class T, size_t N>
Value container_value(const std::array<T, N>& member) {
  return list_value<T>(member);
}

template <class T>
Value member_value(const T& member) {
  if constexpr (Section<T>) {
    WriteFields writer{map_value({})};
    T::fields(member, writer);
    return writer.map;
  } else if constexpr (std::same_as<T, Value>) {
    return member;
  } else if constexpr (std::is_enum_v<T>) {
    return text_value(enum_name(member));
  } else if constexpr (Leaf<T>) {
    return scalar_value(member);
  } else {
    return container_value(member);
  }
}

}  // namespace pixnerd::config
