#include "config/value.h"

#include <algorithm>
#include <utility>

#include "core/errors.h"
#include "core/file.h"
#include "core/text.h"

namespace pixnerd::config {
namespace {

constexpr size_t kMaxBytes = 1 << 20;
constexpr int kMaxDepth = 32;

int depth_of(const Value& value) {
  int deepest = 0;
  for (const Value& item : value.items) deepest = std::max(deepest, depth_of(item));
  for (const auto& [key, field] : value.fields) deepest = std::max(deepest, depth_of(field));
  return deepest + 1;
}

void set_source(Value& value, const std::string& source) {
  value.source = source;
  for (Value& item : value.items) set_source(item, source);
  for (auto& [key, field] : value.fields) set_source(field, source);
}

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

bool operator==(const Value& a, const Value& b) {
  return a.kind == b.kind && a.scalar == b.scalar && a.quoted == b.quoted && a.items == b.items && a.fields == b.fields;
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

void assign(Value& root, std::string_view dotted_key, std::string_view yaml_text) {
  const std::string key = printable(dotted_key);
  const std::vector<std::string> parts = split_key(dotted_key);
  for (const std::string& part : parts) {
    if (part.empty()) throw ConfigError(concat("--set: '", key, "' is not a key; write it as train.steps=1000"));
  }
  Value value = parse(yaml_text, concat("--set ", key), /*numbered=*/false);
  if (static_cast<int>(parts.size()) + depth_of(value) > kMaxDepth) {
    throw ConfigError(concat("--set: '", key, "' lies deeper than ", kMaxDepth, " levels"));
  }

  const Value* known = &root;  // looked through first, so that a refusal changes nothing
  for (const std::string& part : parts) {
    if (known->kind != Value::Kind::map && known->kind != Value::Kind::null) {
      throw ConfigError(concat("--set: cannot set '", key, "': '", part, "' would lie in a value that is no section"));
    }
    known = known->find(part);
    if (!known) break;
  }

  Value* target = &root;
  for (const std::string& part : parts) target = &field_of(*target, part);
  set_source(value, "--set");
  *target = std::move(value);
}

}  // namespace pixnerd::config
