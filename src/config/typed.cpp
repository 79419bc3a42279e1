#include "config/typed.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "core/errors.h"
#include "core/text.h"

namespace pixnerd::config {
namespace {

constexpr const char* kBlank = " \t\r\n";

std::string_view trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(kBlank);
  return begin == std::string_view::npos ? "" : text.substr(begin, text.find_last_not_of(kBlank) - begin + 1);
}

Value scalar(std::string_view text, const Value& from) {
  Value value;
  value.kind = Value::Kind::scalar;
  value.scalar = text;
  value.source = from.source;
  return value;
}

void set_source(Value& value, const std::string& source) {
  value.source = source;
  for (Value& item : value.items) set_source(item, source);
  for (auto& [key, field] : value.fields) set_source(field, source);
}

// Where the item that begins at `begin` ends: at a comma outside of quotes, or with the text.
size_t end_of_item(std::string_view text, size_t begin) {
  const size_t first = text.find_first_not_of(kBlank, begin);
  size_t from = begin;
  if (first != std::string_view::npos && (text[first] == '"' || text[first] == '\'')) {
    const size_t closed = text.find(text[first], first + 1);
    if (closed != std::string_view::npos) from = closed;
  }
  return std::min(text.find(',', from), text.size());
}

std::string_view without_quotes(std::string_view text) {
  const bool quoted = text.size() > 1 && (text.front() == '"' || text.front() == '\'') && text.back() == text.front();
  return quoted ? text.substr(1, text.size() - 2) : text;
}

}  // namespace

Value typed_value(std::string text, std::string source) {
  Value value;
  value.kind = Value::Kind::scalar;
  value.typed = true;
  value.scalar = std::move(text);
  value.source = std::move(source);
  return value;
}

Value typed_text(const Value& value) {
  Value text = scalar(value.scalar, value);
  text.quoted = true;
  return text;
}

Value typed_scalar(const Value& value) {
  return scalar(trimmed(value.scalar), value);
}

Value typed_list(const Value& value) {
  Value list;
  list.kind = Value::Kind::list;
  list.source = value.source;
  std::string_view text = trimmed(value.scalar);
  if (text.size() > 1 && text.front() == '[' && text.back() == ']') text = trimmed(text.substr(1, text.size() - 2));
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = end_of_item(text, begin);
    const std::string_view item = without_quotes(trimmed(text.substr(begin, end - begin)));
    list.items.push_back(typed_value(std::string(item), value.source));
    begin = end + 1;
  }
  return list;
}

Value typed_yaml(const Value& value, const std::string& name) {
  Value parsed = parse(value.scalar, name, /*numbered=*/false);
  set_source(parsed, value.source);
  return parsed;
}

bool is_typed_null(const Value& value) {
  const std::string_view text = trimmed(value.scalar);
  return text == "null" || text == "none" || text == "~";
}

}  // namespace pixnerd::config
