#include "config/scalar.h"

#include <charconv>
#include <cmath>
#include <string_view>
#include <system_error>

#include "core/errors.h"
#include "core/text.h"

namespace pixnerd::config {
namespace {

// The value as a message shows it.
std::string shown(const Value& value) {
  switch (value.kind) {
    case Value::Kind::null:
      return "empty";
    case Value::Kind::list:
      return concat("a list of ", value.items.size());
    case Value::Kind::map:
      return "a section";
    case Value::Kind::scalar:
      break;
  }
  return concat(value.quoted ? "the text " : "", quoted(value.scalar));
}

// Parses the whole of a plain scalar, which may have a '+' in front. False if it is no such number or does not fit.
template <class Number>
bool parse_number(const Value& value, Number& number) {
  if (value.kind != Value::Kind::scalar || value.quoted) return false;
  std::string_view text = value.scalar;
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
  if (text.empty() || text.find_first_not_of("+-.eE0123456789") != std::string_view::npos) return false;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), number);
  return status == std::errc() && end == text.data() + text.size();
}

std::string expectation(const char* what, const char* joint, const Constraint& limits) {
  const std::string phrase = limits.phrase();
  return phrase.empty() ? what : concat(what, joint, phrase);
}

std::string number_expectation(const char* what, const Constraint& limits) {
  const bool at_least = std::isinf(limits.high) && !limits.open;
  return expectation(what, at_least ? " of " : " ", limits);
}

template <class Number>
void read_number(const Value& value, const std::string& name, const char* what, const Constraint& limits,
                 Number& target) {
  Number number{};
  if (!parse_number(value, number) || !limits.allows(number)) refuse(value, name, number_expectation(what, limits));
  target = number;
}

}  // namespace

bool Constraint::allows(int64_t number) const {
  // long double holds every int64_t exactly on the machines we run on; double does not.
  const auto x = static_cast<long double>(number);
  return (open ? x > low : x >= low) && x <= high;
}

bool Constraint::allows(double number) const {
  return std::isfinite(number) && (open ? number > low : number >= low) && number <= high;
}

std::string Constraint::phrase() const {
  if (std::isinf(low)) return "";
  if (std::isinf(high)) return concat(open ? "above " : "at least ", low);
  return concat("between ", low, " and ", high);
}

Constraint at_least(double low) {
  return {.low = low};
}

Constraint between(double low, double high) {
  return {.low = low, .high = high};
}

Constraint positive() {
  return {.low = 0, .open = true};
}

void refuse(const Value& value, const std::string& name, const std::string& expected) {
  const std::string subject = name.empty() ? "the configuration" : name;
  throw ConfigError(concat(where(value), ": ", subject, " must be ", expected, ", not ", shown(value)));
}

void read_scalar(const Value& value, const std::string& name, const Constraint&, bool& target) {
  const bool plain = value.kind == Value::Kind::scalar && !value.quoted;
  const std::string& text = value.scalar;
  if (plain && (text == "true" || text == "True" || text == "TRUE")) {
    target = true;
  } else if (plain && (text == "false" || text == "False" || text == "FALSE")) {
    target = false;
  } else {
    refuse(value, name, "true or false");
  }
}

void read_scalar(const Value& value, const std::string& name, const Constraint& limits, int64_t& target) {
  read_number(value, name, "a whole number", limits, target);
}

void read_scalar(const Value& value, const std::string& name, const Constraint& limits, double& target) {
  read_number(value, name, "a number", limits, target);
}

void read_scalar(const Value& value, const std::string& name, const Constraint&, std::string& target) {
  if (value.kind != Value::Kind::scalar) refuse(value, name, "text");
  target = value.scalar;
}

size_t read_name(const Value& value, const std::string& name, const std::vector<std::string>& names) {
  if (value.kind != Value::Kind::scalar) refuse(value, name, one_of(names));
  for (size_t i = 0; i < names.size(); ++i) {
    if (names[i] == value.scalar) return i;
  }
  refuse(value, name, one_of(names));
}

std::string one_of(const std::vector<std::string>& names) {
  std::string out = "one of ";
  for (size_t i = 0; i < names.size(); ++i) out += (i > 0 ? ", " : "") + names[i];
  return out;
}

Value scalar_value(bool value) {
  return plain_value(value ? "true" : "false");
}

Value scalar_value(int64_t value) {
  return plain_value(concat(value));
}

Value scalar_value(double value) {
  std::string text = shortest(value);
  if (std::isfinite(value) && text.find('.') == std::string::npos) {
    const size_t exponent = text.find('e');
    text.insert(exponent == std::string::npos ? text.size() : exponent, ".0");
  }
  return plain_value(text);
}

Value scalar_value(const std::string& value) {
  return text_value(value);
}

}  // namespace pixnerd::config
