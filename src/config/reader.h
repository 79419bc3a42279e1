// The visitor behind config::read: sets the fields of a struct from a Value.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/member.h"
#include "config/typed.h"
#include "config/value.h"
#include "core/errors.h"
#include "core/text.h"

namespace pixnerd::config {

// "model" and "num_heads" give "model.num_heads"; at the root the key stands alone.
std::string dotted(const std::string& section, const std::string& key);

// Throws ConfigError unless `section` is null or a map that has known keys only.
void check_keys(const Value& section, const std::string& name, const std::vector<std::string>& known);

// Sets a member of any type from its value. `name` is the dotted name for messages; `limits` hold for every number.
template <class T>
void read_member(const Value& value, const std::string& name, const Constraint& limits, T& target);

struct ReadFields {
  const Value& section;
  const std::string& name;

  template <class M>
  void operator()(const char* key, M& member, const char*, const Constraint& limits = {}) {
    if (const Value* value = section.find(key)) {
      read_member(*value, dotted(name, key), limits, member);
    } else if constexpr (Section<M>) {
      Value absent;  // read all the same, so that the section's validate() sees the defaults
      absent.line = section.line;
      absent.source = section.source;
      read_member(absent, dotted(name, key), limits, member);
    }
  }
};

template <Section T>
void validate_section(const Value& value, const std::string& name, const T& section) {
  if constexpr (requires { section.validate(); }) {
    try {
      section.validate();
    } catch (const ConfigError& error) {
      throw ConfigError(concat(where(value), ": ", name, name.empty() ? "" : ": ", error.what()));
    }
  }
}

template <Section T>
void read_section(const Value& value, const std::string& name, T& target) {
  ReadFields reader{value, name};
  T::fields(target, reader);
  KeysOfFields known;  // afterwards: which keys a section has may depend on what one of them says
  T::fields(target, known);
  check_keys(value, name, known.keys);
  validate_section(value, name, target);
}

template <class T>
void read_container(const Value& value, const std::string& name, const Constraint& limits, std::optional<T>& target) {
  if (value.kind == Value::Kind::null) {
    target.reset();
    return;
  }
  T inner = target.value_or(T{});
  read_member(value, name, limits, inner);
  target = std::move(inner);
}

template <class T>
void read_container(const Value& value, const std::string& name, const Constraint& limits, std::vector<T>& target) {
  if (value.kind != Value::Kind::list) refuse(value, name, "a list");
  target.clear();
  for (size_t i = 0; i < value.items.size(); ++i) {
    T item{};
    read_member(value.items[i], concat(name, "[", i, "]"), limits, item);
    target.push_back(std::move(item));
  }
}

template <class T, size_t N>
void read_container(const Value& value, const std::string& name, const Constraint& limits, std::array<T, N>& target) {
  if (value.kind != Value::Kind::list || value.items.size() != N) refuse(value, name, concat("a list of ", N));
  for (size_t i = 0; i < N; ++i) read_member(value.items[i], concat(name, "[", i, "]"), limits, target[i]);
}

template <class T>
void read_member(const Value& value, const std::string& name, const Constraint& limits, T& target) {
  if (value.typed) return read_member(typed_for<T>(value, name), name, limits, target);
  if constexpr (Section<T>) {
    read_section(value, name, target);
  } else if constexpr (std::same_as<T, Value>) {
    target = value;
  } else if constexpr (std::is_enum_v<T>) {
    target = enum_names(T{})[read_name(value, name, names_of<T>())].second;
  } else if constexpr (Leaf<T>) {
    read_scalar(value, name, limits, target);
  } else {
    read_container(value, name, limits, target);
  }
}

}  // namespace pixnerd::config
