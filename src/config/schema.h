// Typed configuration. A struct lists its fields once, and that one list gives reading, defaults, dump and help:
//
//   struct AttentionConfig {
//     int64_t num_heads = 16;
//     template <class Self, class Visitor>
//     static void fields(Self& self, Visitor& visit) {
//       visit("num_heads", self.num_heads, "attention heads", at_least(1));  // key, member, help, limits if any
//     }
//     void validate() const;  // optional: throws ConfigError, without saying where, for what does not fit together
//   };
//
// Members are bool, int64_t, double, std::string; enumerations E with a function
// `std::span<const std::pair<const char*, E>> enum_names(E)` in their namespace; std::optional (null is none),
// std::vector and std::array of those; other such structs ("sections"), optional ones too; and Value, a subtree kept
// as it is. Limits hold for every number in a list.
#pragma once

#include <string>
#include <utility>

#include "config/describer.h"
#include "config/reader.h"
#include "config/writer.h"

namespace pixnerd::config {

// Reads a section. Absent keys keep what `target` has; null (an empty file or section) is a section without keys.
// Unknown keys, wrong types and numbers beyond their limits are refused, then every section validates itself, inner
// ones first. Throws ConfigError with source and line; `target` is then unchanged.
template <class T>
void read(const Value& value, T& target) {
  T fresh = target;
  read_member(value, "", Constraint{}, fresh);
  target = std::move(fresh);
}

// Every key with its value, in order. read(parse(dump(x), ...), y) makes y equal to x, given finite numbers and text
// in UTF-8; other text is a ConfigError.
template <class T>
std::string dump(const T& section) {
  return to_text(member_value(section));
}

// The keys of a section, one a line: dotted key, default, help with limits or names.
template <class T>
std::string describe(const T& defaults = {}) {
  DescribeFields rows;
  T::fields(defaults, rows);
  return rows.table();
}

// The same of the keys that `section` has beyond those of `known`: which there are may depend on a value.
template <class T>
std::string describe_beyond(const T& section, const T& known) {
  DescribeFields rows, known_rows;
  T::fields(section, rows);
  T::fields(known, known_rows);
  rows.leave_out(known_rows);
  return rows.table();
}

}  // namespace pixnerd::config
