// Writes Values as YAML.
#include <algorithm>
#include <array>

#include "config/plain.h"
#include "config/value.h"
#include "core/errors.h"
#include "core/text.h"
#include "core/utf8.h"

namespace pixnerd::config {
namespace {

using Kind = Value::Kind;

// Characters that end a line for some YAML readers although they are printable UTF-8, and their escapes.
constexpr std::array<std::pair<std::string_view, const char*>, 4> kEscapes = {
    {{"\xC2\x85", "\\u0085"}, {"\xE2\x80\xA8", "\\u2028"}, {"\xE2\x80\xA9", "\\u2029"}, {"\xEF\xBB\xBF", "\\uFEFF"}}};

std::string escaped(std::string_view character) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  const auto code = static_cast<unsigned char>(character.front());
  if (code == '"' || code == '\\') return {'\\', character.front()};
  if (code == '\n') return "\\n";
  if (code == '\t') return "\\t";
  if (code < 0x20 || code == 0x7f) return {'\\', 'x', kDigits[code >> 4], kDigits[code & 15]};
  for (const auto& [raw, escape] : kEscapes) {
    if (character == raw) return escape;
  }
  return std::string(character);
}

std::string quoted_text(std::string_view text) {
  std::string out = "\"";
  for (size_t i = 0; i < text.size();) {
    const size_t length = first_utf8(text.substr(i)).bytes;
    if (length == 0) throw ConfigError(concat("the text ", quoted(text), " is not UTF-8"));
    out += escaped(text.substr(i, length));
    i += length;
  }
  return out + "\"";
}

std::string scalar_text(const Value& value) {
  return value.quoted || !can_be_plain(value.scalar) ? quoted_text(value.scalar) : value.scalar;
}

std::string key_text(const std::string& key) {
  return can_be_plain(key) ? key : quoted_text(key);
}

bool on_one_line(const Value& value) {
  if (value.kind == Kind::map) return value.fields.empty();
  const auto is_container = [](const Value& item) { return item.kind == Kind::list || item.kind == Kind::map; };
  return std::none_of(value.items.begin(), value.items.end(), is_container);
}

std::string block(const Value& value, size_t indent) {
  const std::string margin(indent, ' ');
  std::string out;
  for (const Value& item : value.items) {
    // The first line of an inner block shares the line of its dash.
    out += margin + "- " + (on_one_line(item) ? to_line(item) + '\n' : block(item, indent + 2).substr(indent + 2));
  }
  for (const auto& [key, field] : value.fields) {
    out += margin + key_text(key) + ':' +
           (on_one_line(field) ? ' ' + to_line(field) + '\n' : '\n' + block(field, indent + 2));
  }
  return out;
}

}  // namespace

std::string to_line(const Value& value) {
  if (value.kind == Kind::null) return "null";
  if (value.kind == Kind::scalar) return scalar_text(value);
  std::string out;
  for (const Value& item : value.items) out += concat(out.empty() ? "" : ", ", to_line(item));
  for (const auto& [key, field] : value.fields)
    out += concat(out.empty() ? "" : ", ", key_text(key), ": ", to_line(field));
  return value.kind == Kind::list ? concat("[", out, "]") : concat("{", out, "}");
}

std::string to_text(const Value& value) {
  return on_one_line(value) ? to_line(value) + '\n' : block(value, 0);
}

Value text_value(std::string text) {
  Value value;
  value.kind = Kind::scalar;
  value.quoted = !can_be_plain(text) || looks_typed(text);
  value.scalar = std::move(text);
  return value;
}

Value map_value(std::vector<std::pair<std::string, Value>> fields) {
  Value map;
  map.kind = Value::Kind::map;
  map.fields = std::move(fields);
  return map;
}

Value plain_value(std::string number) {
  Value value;
  value.kind = Kind::scalar;
  value.scalar = std::move(number);
  return value;
}

}  // namespace pixnerd::config
