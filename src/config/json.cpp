// Builds Values from the events of nlohmann's parser: its own tree would lose the text of numbers, the order of fields
// and keys that appear twice.
#include "config/json.h"

#include <nlohmann/json.hpp>
#include <unordered_set>
#include <utility>

#include "config/limits.h"
#include "core/errors.h"
#include "core/text.h"

namespace pixnerd::config {
namespace {

using Json = nlohmann::json;

constexpr int kNumberOutOfRange = 406;  // of nlohmann's numbered errors

// Receives the text in order. Throwing from it is what ends the parser at a limit.
class JsonBuilder : public nlohmann::json_sax<Json> {
 public:
  explicit JsonBuilder(const std::string& source) : source_(source) {}

  Value take() { return std::move(root_); }

  bool null() override { return add(make(Value::Kind::null)); }
  bool boolean(bool value) override { return add_plain(value ? "true" : "false"); }
  // The parser calls what has no minus in front unsigned, so that a signed zero is "-0".
  bool number_integer(number_integer_t value) override { return add_plain(value == 0 ? "-0" : std::to_string(value)); }
  bool number_unsigned(number_unsigned_t value) override { return add_plain(std::to_string(value)); }
  bool number_float(number_float_t, const string_t& text) override { return add_plain(text); }
  bool string(string_t& text) override { return add(with_source(text_value(std::move(text)))); }
  bool binary(binary_t&) override { fail("binary data is no JSON"); }

  bool start_object(size_t) override { return open(Value::Kind::map); }
  bool end_object() override { return close(); }
  bool start_array(size_t) override { return open(Value::Kind::list); }
  bool end_array() override { return close(); }

  bool key(string_t& text) override {
    Frame& frame = frames_.back();
    if (!frame.keys.insert(text).second) fail(concat("the key ", quoted(text), " appears twice"));
    frame.key = std::move(text);
    return true;
  }

  bool parse_error(size_t byte, const std::string&, const nlohmann::detail::exception& error) override {
    if (error.id == kNumberOutOfRange) fail(concat("the number that ends at byte ", byte, " is too large"));
    fail(concat("not valid JSON in UTF-8 at byte ", byte));
  }

 private:
  struct Frame {
    Value value;
    std::string key = {};  // of the field whose value comes next
    std::unordered_set<std::string> keys = {};
  };

  [[noreturn]] void fail(const std::string& what) const { throw ConfigError(concat(source_, ": ", what)); }

  Value with_source(Value value) {
    if (++values_ > kMaxValues) fail(concat("more than ", kMaxValues, " values"));
    value.source = source_;
    return value;
  }

  Value make(Value::Kind kind) {
    Value value;
    value.kind = kind;
    return with_source(std::move(value));
  }

  bool add_plain(std::string text) { return add(with_source(plain_value(std::move(text)))); }

  bool add(Value value) {
    if (frames_.empty()) {
      root_ = std::move(value);
    } else if (frames_.back().value.kind == Value::Kind::list) {
      frames_.back().value.items.push_back(std::move(value));
    } else {
      frames_.back().value.fields.emplace_back(std::move(frames_.back().key), std::move(value));
    }
    return true;
  }

  bool open(Value::Kind kind) {
    if (frames_.size() == kMaxDepth) fail(concat("nested deeper than ", kMaxDepth, " levels"));
    frames_.push_back({make(kind)});
    return true;
  }

  bool close() {
    Value value = std::move(frames_.back().value);
    frames_.pop_back();
    return add(std::move(value));
  }

  const std::string& source_;
  std::vector<Frame> frames_;
  Value root_;
  size_t values_ = 0;
};

std::string string_literal(const std::string& text) {
  try {
    return Json(text).dump();
  } catch (const Json::exception&) {
    throw ConfigError(concat("the text ", quoted(text), " is not UTF-8"));
  }
}

bool is_json_scalar(const std::string& text) {
  if (text == "true" || text == "false") return true;
  return text.find_first_not_of("+-.eE0123456789") == std::string::npos && Json::accept(text);
}

}  // namespace

Value parse_json(std::string_view text, const std::string& source, size_t most_bytes) {
  if (text.size() > most_bytes) throw ConfigError(concat(source, ": larger than ", most_bytes, " bytes"));
  // nlohmann takes a zero byte for the end of its input.
  const size_t zero = text.find('\0');
  if (zero != std::string_view::npos) throw ConfigError(concat(source, ": has a zero byte at byte ", zero + 1));
  JsonBuilder builder(source);
  Json::sax_parse(text.begin(), text.end(), &builder);
  return builder.take();
}

std::string to_json(const Value& value) {
  std::vector<std::string> parts;
  switch (value.kind) {
    case Value::Kind::null:
      return "null";
    case Value::Kind::scalar:
      return !value.quoted && is_json_scalar(value.scalar) ? value.scalar : string_literal(value.scalar);
    case Value::Kind::list:
      for (const Value& item : value.items) parts.push_back(to_json(item));
      return concat("[", join(parts, ","), "]");
    case Value::Kind::map:
      for (const auto& [key, field] : value.fields) parts.push_back(concat(string_literal(key), ":", to_json(field)));
      return concat("{", join(parts, ","), "}");
  }
  return "null";
}

}  // namespace pixnerd::config
