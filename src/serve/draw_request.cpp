#include "serve/draw_request.h"

#include <algorithm>

#include "config/member.h"
#include "core/errors.h"
#include "core/text.h"
#include "serve/refusal.h"

namespace pixnerd::serve {
namespace {

template <class T>
std::vector<std::string> keys_of() {
  T section;
  config::KeysOfFields known;
  T::fields(section, known);
  return known.keys;
}

bool has(const std::vector<std::string>& keys, const std::string& key) {
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

// Names that a field of names may have been meant to hold.
struct NearestNames {
  const std::string& field;
  const config::Value& body;
  std::vector<std::string> names;

  template <class M>
  void operator()(const char* key, const M&, const char*, const config::Constraint& = {}) {
    using Element = typename config::ElementOf<M>::Type;
    if constexpr (std::is_enum_v<Element>) {
      const config::Value* const value = field == key ? body.find(key) : nullptr;
      const std::string meant = value == nullptr ? "" : nearest(value->scalar, config::names_of<Element>());
      if (!meant.empty()) names.push_back(meant);
    }
  }
};

// "steps" of "request: steps must be ...".
std::string field_in(const std::string& message, const std::vector<std::string>& keys) {
  const size_t begin = message.find(": ");
  if (begin == std::string::npos) return "";
  const std::string rest = message.substr(begin + 2);
  const std::string word = rest.substr(0, rest.find_first_of(" .[:"));
  return has(keys, word) ? word : "";
}

}  // namespace

DrawRequest draw_request(const config::Value& body) {
  if (body.kind != config::Value::Kind::map) throw Refusal(400, "invalid_body", "the body must be a JSON object");
  static const std::vector<std::string> own = keys_of<DrawRequest>(), of_settings = keys_of<sample::SampleConfig>();
  std::vector<std::string> all = own;
  all.insert(all.end(), of_settings.begin(), of_settings.end());
  config::Value rest = config::map_value({}), settings = config::map_value({});
  rest.source = settings.source = "request";
  for (const auto& [key, value] : body.fields) {
    if (!has(all, key)) {
      const std::string meant = nearest(key, all);
      throw Refusal(
          400, "unknown_field",
          concat("there is no field ", quoted(key), meant.empty() ? "" : concat("; did you mean '", meant, "'?")),
          printable(key), meant.empty() ? std::vector<std::string>() : std::vector<std::string>{meant});
    }
    // null is nothing said, but where a setting is one that may be none.
    config::Value& part = has(of_settings, key) ? settings : rest;
    if (value.kind == config::Value::Kind::null && &part == &rest) continue;
    part.fields.emplace_back(key, value);
  }
  try {
    DrawRequest request;
    config::read(rest, request);
    const config::Value* const seed = rest.find("seed");
    if (seed != nullptr && seed->scalar.starts_with('-')) {
      config::refuse(*seed, "seed", "a whole number from 0 to 18446744073709551615");
    }
    request.settings = std::move(settings);
    return request;
  } catch (const ConfigError& error) {
    throw field_refusal(error, body);
  }
}

Refusal field_refusal(const ConfigError& error, const config::Value& body) {
  std::vector<std::string> keys = keys_of<DrawRequest>(), of_settings = keys_of<sample::SampleConfig>();
  keys.insert(keys.end(), of_settings.begin(), of_settings.end());
  const std::string field = field_in(error.what(), keys);
  NearestNames meant{field, body, {}};
  DrawRequest request;
  DrawRequest::fields(request, meant);
  sample::SampleConfig sample;
  sample::SampleConfig::fields(sample, meant);
  return {400, "invalid_field", error.what(), field, meant.names};
}

config::Value to_value(const DrawRequest& request) {
  const config::Value all = config::member_value(request), usual = config::member_value(DrawRequest{});
  config::Value said = config::map_value({});
  for (const auto& [key, value] : all.fields) {
    const config::Value* const as_usual = usual.find(key);
    if (as_usual == nullptr || !(*as_usual == value)) said.fields.emplace_back(key, value);
  }
  said.fields.insert(said.fields.end(), request.settings.fields.begin(), request.settings.fields.end());
  return said;
}

}  // namespace pixnerd::serve
