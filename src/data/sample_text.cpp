#include "data/sample_text.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "config/json.h"
#include "config/plain.h"
#include "core/errors.h"
#include "core/text.h"
#include "core/utf8.h"

namespace pixnerd::data {
namespace {

using config::Value;

constexpr size_t kMaxNameBytes = 1000;

std::string shown(int64_t number) {
  return concat(number);
}

std::string shown(const std::string& name) {
  return printable(name);
}

template <class T>
void set(std::optional<T>& known, T value, const std::string& what) {
  if (known && *known != value) {
    throw DataError(concat(what, " '", shown(value), "' contradicts '", shown(*known), "' of another file"));
  }
  known = std::move(value);
}

// The whole number that `text` is, if it is one.
std::optional<int64_t> whole_number(std::string_view text, std::string_view what) {
  const std::string_view digits = text.substr(text.starts_with('-') ? 1 : 0);
  if (digits.empty() || digits.find_first_not_of("0123456789") != std::string_view::npos) return std::nullopt;
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || number < 0 || number > kMaxLabel) {
    throw DataError(concat(what, " ", printable(text), " is not between 0 and ", kMaxLabel));
  }
  return number;
}

// Whether a JSON value is text: a number and a truth value are scalars too, but not in quotes.
bool is_text(const Value& value) {
  return value.kind == Value::Kind::scalar && (value.quoted || !config::looks_typed(value.scalar));
}

void set_label(const Value& value, SampleText& text) {
  const bool bare = value.kind == Value::Kind::scalar && !value.quoted;
  const auto label = bare ? whole_number(value.scalar, ".json: label") : std::nullopt;
  if (!label) throw DataError(".json: label must be a whole number");
  set(text.label, *label, ".json: label");
}

void set_name(const Value& value, const std::string& what, std::optional<std::string>& name) {
  if (!is_text(value)) throw DataError(concat(what, " must be a text"));
  check_name(value.scalar, what);
  set(name, value.scalar, what);
}

// A text, or a list of texts.
void add_captions(const Value& value, const std::string& language, std::vector<Caption>& captions) {
  if (value.kind == Value::Kind::list) {
    for (const Value& item : value.items) {
      if (!is_text(item)) throw DataError(".json: caption has a list of something else than texts");
      captions.push_back({language, item.scalar});
    }
  } else if (is_text(value)) {
    captions.push_back({language, value.scalar});
  } else if (value.kind != Value::Kind::null) {
    throw DataError(".json: caption must be a text, a list of texts, or a map of them by language");
  }
}

void add_captions(const Value& value, std::vector<Caption>& captions) {
  if (value.kind != Value::Kind::map) return add_captions(value, "", captions);
  for (const auto& [language, texts] : value.fields) {
    check_name(language, ".json: caption: language");
    add_captions(texts, language, captions);
  }
}

Value parsed(std::string_view json) {
  try {
    return config::parse_json(json, ".json");
  } catch (const ConfigError& error) {
    throw DataError(error.what());
  }
}

}  // namespace

void add_json(std::string_view json, SampleText& text) {
  const Value root = parsed(json);
  if (root.kind != Value::Kind::map) throw DataError(".json: must be a map such as {\"label\": 3}");
  const auto given = [&](const char* key) {
    const Value* const value = root.find(key);
    return value != nullptr && value->kind != Value::Kind::null ? value : nullptr;
  };
  if (const Value* value = given("label")) set_label(*value, text);
  if (const Value* value = given("class")) set_name(*value, ".json: class", text.class_name);
  if (const Value* value = given("style")) set_name(*value, ".json: style", text.style);
  if (const Value* value = given("caption")) add_captions(*value, text.captions);
}

void add_class(std::string_view cls, SampleText& text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const size_t first = std::min(cls.find_first_not_of(kSpace), cls.size());
  const std::string_view name = cls.substr(first, cls.find_last_not_of(kSpace) + 1 - first);
  if (const auto label = whole_number(name, ".cls: label")) return set(text.label, *label, ".cls: label");
  check_name(name, ".cls: class");
  set(text.class_name, std::string(name), ".cls: class");
}

void add_caption(std::string_view txt, SampleText& text) {
  if (!is_utf8(txt)) throw DataError(".txt: not UTF-8");
  while (!txt.empty() && (txt.back() == '\n' || txt.back() == '\r')) txt.remove_suffix(1);
  text.captions.push_back({"", std::string(txt)});
}

void check_name(std::string_view name, std::string_view what) {
  const auto is_control = [](unsigned char c) { return c < 0x20 || c == 0x7f; };
  if (name.empty()) throw DataError(concat(what, " is empty"));
  if (name.size() > kMaxNameBytes) throw DataError(concat(what, " is longer than ", kMaxNameBytes, " bytes"));
  if (!is_utf8(name)) throw DataError(concat(what, " ", quoted(name), " is not UTF-8"));
  if (std::any_of(name.begin(), name.end(), is_control)) {
    throw DataError(concat(what, " ", quoted(name), " has control characters"));
  }
}

}  // namespace pixnerd::data
