// The leaves of a configuration: numbers, truth values, text and names, between their YAML form and C++, and the
// limits that a schema can put on numbers.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "config/value.h"

namespace pixnerd::config {

// The numbers a field accepts: low <= x <= high, or low < x if `open`.
struct Constraint {
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
  bool open = false;

  bool allows(int64_t number) const;
  bool allows(double number) const;
  std::string phrase() const;  // "at least 1", "between 0 and 1", "above 0"; "" without limits
};

Constraint at_least(double low);
Constraint between(double low, double high);
Constraint positive();

// Throws ConfigError `source:line: name must be EXPECTED, not 'abc'`.
[[noreturn]] void refuse(const Value& value, const std::string& name, const std::string& expected);

// Reads a scalar; `name` ("model.num_heads") is for the message. Whole numbers are decimal; numbers are finite, with
// or without point and exponent; truth values are true and false; text is any scalar but null.
// A scalar in quotes is text and nothing else. Throws ConfigError.
void read_scalar(const Value& value, const std::string& name, const Constraint& limits, bool& target);
void read_scalar(const Value& value, const std::string& name, const Constraint& limits, int64_t& target);
void read_scalar(const Value& value, const std::string& name, const Constraint& limits, double& target);
void read_scalar(const Value& value, const std::string& name, const Constraint& limits, std::string& target);

// The index of a scalar in the list of names an enumeration has. Throws ConfigError with the names there are.
size_t read_name(const Value& value, const std::string& name, const std::vector<std::string>& names);

// "one of euler, heun, adams".
std::string one_of(const std::vector<std::string>& names);

// The inverse of the readers. Floats are the shortest text that reads back exactly, always with a point, so that
// every YAML reader takes them for floats.
Value scalar_value(bool value);
Value scalar_value(int64_t value);
Value scalar_value(double value);
Value scalar_value(const std::string& value);

}  // namespace pixnerd::config
