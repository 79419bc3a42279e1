// JSON by simdjson, which reads the fields that are asked for and passes over the others unread.
#include "data/sample_text.h"

#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

#include "config/plain.h"
#include "core/errors.h"
#include "core/text.h"
#include "core/utf8.h"
#include "data/metadata_rows.h"

namespace pixnerd::data {
namespace {

namespace ondemand = simdjson::ondemand;

constexpr size_t kMaxNameBytes = 1000;
constexpr std::string_view kSpace = " \t\r\n";
constexpr std::string_view kReplacement = "\xef\xbf\xbd";  // U+FFFD, for what is no UTF-8

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

std::string_view trimmed(std::string_view text) {
  const size_t first = std::min(text.find_first_not_of(kSpace), text.size());
  return text.substr(first, text.find_last_not_of(kSpace) + 1 - first);
}

// The whole number that `text` is, if it is one: "3", "3.0", "3e0".
std::optional<int64_t> whole_number(std::string_view text, std::string_view what) {
  if (text.empty() || text.find_first_not_of("-0123456789.eE+") != std::string_view::npos) return std::nullopt;
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (end != text.data() + text.size() || error == std::errc::invalid_argument) return std::nullopt;
  const bool is_too_large = error == std::errc::result_out_of_range || number < 0 || number > double{kMaxLabel};
  if (!is_too_large && number != std::floor(number)) return std::nullopt;
  if (is_too_large) throw DataError(concat(what, " ", printable(text), " is not between 0 and ", kMaxLabel));
  return static_cast<int64_t>(number);
}

// A JSON text with what was no UTF-8 in it replaced, so that it does no harm in fields that are not read.
class Json {
 public:
  Json(std::string_view text, const std::string& what) : what_(what) {
    if (text.size() > static_cast<size_t>(kMaxJsonBytes)) fail(concat("larger than ", kMaxJsonBytes, " bytes"));
    text = without_mark(text);
    is_utf8_ = is_utf8(text);
    padded_ = simdjson::padded_string(is_utf8_ ? std::string(text) : replaced(text));
  }

  // Calls visit(key, value) for the fields of the map that this is.
  template <class Visit>
  void read(Visit visit) {
    try {
      ondemand::parser parser;
      ondemand::document document = parser.iterate(padded_);
      if (trimmed(padded_).empty() || trimmed(padded_).front() != '{') fail("must be a map such as {\"label\": 3}");
      for (auto field : document.get_object()) {
        const ondemand::raw_json_string key = field.key();
        ondemand::value value = field.value();
        visit(key, value);
      }
      if (document.current_location().error() == simdjson::SUCCESS) fail("not valid JSON: more follows its end");
    } catch (const simdjson::simdjson_error& error) {
      fail(concat("not valid JSON: ", printable(error.what())));
    }
  }

  static bool is_null(ondemand::value& value) {
    const std::string_view token = trimmed(value.raw_json_token());
    return token == "null" || token == "NaN" || token == "nan";
  }

  std::string text_of(ondemand::value& value, const std::string& what) const {
    std::string text(std::string_view(value.get_string()));
    if (!is_utf8_ && text.find(kReplacement) != std::string::npos) fail(concat(what, " is not UTF-8"));
    return text;
  }

  [[noreturn]] void fail(const std::string& reason) const { throw DataError(concat(what_, ": ", reason)); }

 private:
  static std::string replaced(std::string_view text) {
    std::string result;
    while (!text.empty()) {
      const size_t length = first_utf8(text).bytes;
      result += length == 0 ? kReplacement : text.substr(0, length);
      text.remove_prefix(std::max<size_t>(length, 1));
    }
    return result;
  }

  const std::string what_;
  bool is_utf8_ = true;
  simdjson::padded_string padded_;
};

char first_of(ondemand::value& value) {
  const std::string_view token = value.raw_json_token();
  return token.empty() ? '\0' : token.front();
}

void set_label(const Json& json, ondemand::value& value, SampleText& text) {
  const std::string token =
      first_of(value) == '"' ? json.text_of(value, "label") : std::string(trimmed(value.raw_json_token()));
  const auto label = whole_number(trimmed(token), ".json: label");
  if (!label) json.fail("label must be a whole number");
  set(text.label, *label, ".json: label");
}

void set_name(const Json& json, ondemand::value& value, const std::string& key, std::optional<std::string>& name) {
  if (first_of(value) != '"') json.fail(concat(key, " must be a text"));
  std::string given = json.text_of(value, key);
  check_name(given, concat(".json: ", key));
  set(name, std::move(given), concat(".json: ", key));
}

// A text, or a list of texts; null is none.
void add_captions(const Json& json, ondemand::value& value, const std::string& language,
                  std::vector<Caption>& captions) {
  if (Json::is_null(value)) return;
  if (first_of(value) == '"') return add_caption_once({language, json.text_of(value, "caption")}, captions);
  if (first_of(value) != '[') json.fail("caption must be a text, a list of texts, or a map of them by language");
  for (auto each : value.get_array()) {
    ondemand::value item = each.value();
    if (Json::is_null(item)) continue;
    if (first_of(item) != '"') json.fail("caption has a list of something else than texts");
    add_caption_once({language, json.text_of(item, "caption")}, captions);
  }
}

void add_captions(const Json& json, ondemand::value& value, std::vector<Caption>& captions) {
  if (first_of(value) != '{') return add_captions(json, value, "", captions);
  for (auto field : value.get_object()) {
    const std::string language(std::string_view(field.unescaped_key()));
    check_name(language, ".json: caption: language");
    ondemand::value texts = field.value();
    add_captions(json, texts, language, captions);
  }
}

// Which of the keys that are read were seen.
class Keys {
 public:
  // Whether the key is this one. DataError if it was seen before.
  bool is(const ondemand::raw_json_string& key, std::string_view wanted, const Json& json) {
    if (!(key == wanted)) return false;
    if (std::find(seen_.begin(), seen_.end(), wanted) != seen_.end()) {
      json.fail(concat("the key '", wanted, "' appears twice"));
    }
    seen_.push_back(wanted);
    return true;
  }

 private:
  std::vector<std::string_view> seen_;
};

}  // namespace

void add_json(std::string_view json, SampleText& text) {
  Json parsed(json, ".json");
  Keys keys;
  parsed.read([&](const ondemand::raw_json_string& key, ondemand::value& value) {
    const auto given = [&](std::string_view wanted) { return keys.is(key, wanted, parsed) && !Json::is_null(value); };
    if (given("label")) return set_label(parsed, value, text);
    if (given("class")) return set_name(parsed, value, "class", text.class_name);
    if (given("style")) return set_name(parsed, value, "style", text.style);
    if (given("caption")) return add_captions(parsed, value, text.captions);
  });
}

MetadataRow metadata_row(std::string_view json) {
  Json parsed(json, "row");
  MetadataRow row;
  std::vector<Caption> text, caption;
  Keys keys;
  parsed.read([&](const ondemand::raw_json_string& key, ondemand::value& value) {
    if (keys.is(key, "file_name", parsed)) {
      if (first_of(value) != '"') parsed.fail("file_name must be a text");
      row.file_name = parsed.text_of(value, "file_name");
    } else if (keys.is(key, "text", parsed)) {
      add_captions(parsed, value, text);
    } else if (keys.is(key, "caption", parsed)) {
      add_captions(parsed, value, caption);
    }
  });
  if (row.file_name.empty()) parsed.fail("there is no file_name");
  for (Caption& each : text.empty() ? caption : text) row.captions.push_back(std::move(each.text));
  return row;
}

void add_class(std::string_view cls, SampleText& text) {
  const std::string_view name = trimmed(without_mark(cls));
  if (const auto label = whole_number(name, ".cls: label")) return set(text.label, *label, ".cls: label");
  check_name(name, ".cls: class");
  set(text.class_name, std::string(name), ".cls: class");
}

void add_caption(std::string_view txt, SampleText& text) {
  txt = without_mark(txt);
  if (!is_utf8(txt)) throw DataError(".txt: not UTF-8");
  while (!txt.empty() && (txt.back() == '\n' || txt.back() == '\r')) txt.remove_suffix(1);
  add_caption_once({"", std::string(txt)}, text.captions);
}

void add_caption_once(Caption caption, std::vector<Caption>& captions) {
  if (trimmed(caption.text).empty()) return;
  for (Caption& known : captions) {
    if (known.text != caption.text) continue;
    if (known.language.empty()) known.language = caption.language;
    if (caption.language.empty() || caption.language == known.language) return;
  }
  captions.push_back(std::move(caption));
}

std::string_view without_mark(std::string_view text) {
  constexpr std::string_view kMark = "\xef\xbb\xbf";
  return text.starts_with(kMark) ? text.substr(kMark.size()) : text;
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
