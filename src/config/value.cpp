#include "config/value.h"

#include <algorithm>
#include <utility>

#include "config/plain.h"
#include "config/typed.h"
#include "core/errors.h"
#include "core/file.h"
#include "core/text.h"
#include "core/utf8.h"

namespace pixnerd::config {
namespace {

constexpr size_t kMaxBytes = 1 << 20;
constexpr size_t kMaxDepth = 32;

std::vector<std::string> split_key(std::string_view dotted) {
  std::vector<std::string> parts(1);
  for (const char c : dotted) {
    if (c == '.') {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

// The field of that name, made null if there is none; a null value becomes a map.
Value& field_of(Value& value, const std::string& key) {
  value.kind = Value::Kind::map;
  for (auto& [name, field] : value.fields) {
    if (name == key) return field;
  }
  Value fresh;
  fresh.source = "--set";
  return value.fields.emplace_back(key, std::move(fresh)).second;
}

}  // namespace

Value::Value() = default;
Value::Value(const Value&) = default;
Value::Value(Value&&) noexcept = default;
Value& Value::operator=(const Value&) = default;
Value& Value::operator=(Value&&) noexcept = default;
Value::~Value() = default;

const Value* Value::find(std::string_view key) const {
  for (const auto& [name, value] : fields) {
    if (name == key) return &value;
  }
  return nullptr;
}

const Value& Value::at(std::string_view key) const {
  if (const Value* const field = find(key)) return *field;
  throw ConfigError(concat(where(*this), ": there is no '", key, "'"));
}

bool operator==(const Value& a, const Value& b) {
  return a.kind == b.kind && a.scalar == b.scalar && a.quoted == b.quoted && a.typed == b.typed && a.items == b.items &&
         a.fields == b.fields;
}

std::string where(const Value& value) {
  return value.line > 0 ? concat(value.source, ":", value.line) : value.source;
}

Value load(const std::filesystem::path& path) {
  std::string text;
  try {
    text = read_file(path, kMaxBytes);
  } catch (const DataError& error) {
    throw ConfigError(error.what());
  }
  return parse(text, path.string());
}

void assign(Value& root, std::string_view dotted_key, std::string_view text) {
  const std::string key = printable(dotted_key);
  const std::vector<std::string> parts = split_key(dotted_key);
  for (const std::string& part : parts) {
    if (part.empty()) throw ConfigError(concat("--set: '", key, "' is not a key; write it as train.steps=1000"));
  }
  if (text.empty()) throw ConfigError(concat("--set ", key, ": the value is empty"));
  if (!is_utf8(text)) throw ConfigError(concat("--set ", key, ": the value is not UTF-8 text"));
  if (parts.size() >= kMaxDepth)
    throw ConfigError(concat("--set: '", key, "' lies deeper than ", kMaxDepth, " levels"));

  Value changed = root;  // so that a refusal changes nothing
  Value* target = &changed;
  for (const std::string& part : parts) {
    if (target->typed) *target = typed_yaml(*target, "--set");  // a section, as something is to lie in it
    if (target->kind != Value::Kind::map && target->kind != Value::Kind::null) {
      throw ConfigError(concat("--set: cannot set '", key, "': '", part, "' would lie in a value that is no section"));
    }
    target = &field_of(*target, part);
  }
  *target = typed_value(std::string(text), "--set");
  root = std::move(changed);
}

}  // namespace pixnerd::config
