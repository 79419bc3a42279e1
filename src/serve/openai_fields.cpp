#include "serve/openai_fields.h"

#include <algorithm>
#include <array>
#include <cstdlib>

#include "core/errors.h"
#include "core/text.h"
#include "engine/config.h"
#include "serve/refusal.h"

namespace pixnerd::serve {
namespace {

using config::Value;

// Those of the native API that have no other name here.
const std::vector<std::string>& native_fields() {
  static const std::vector<std::string> all = [] {
    std::vector<std::string> keys{"model",    "class",     "prompt",      "negative_prompt", "seed",
                                  "preset",   "dtype",     "invert_mask", "extend",          "resample",
                                  "strength", "variation", "deadline"};
    config::KeysOfFields known;
    engine::SampleConfig settings;
    engine::SampleConfig::fields(settings, known);
    std::copy_if(known.keys.begin(), known.keys.end(), std::back_inserter(keys),
                 [](const std::string& key) { return key != "size"; });
    return keys;
  }();
  return all;
}

const std::vector<std::string>& own_fields() {
  static const std::vector<std::string> all = [] {
    config::KeysOfFields known;
    OpenaiFields fields;
    OpenaiFields::fields(fields, known);
    return known.keys;
  }();
  return all;
}

// Spellings in use, and the native ones.
constexpr std::array<std::pair<const char*, const char*>, 4> kSpellings{{{"num_inference_steps", "steps"},
                                                                         {"guidance_scale", "guidance"},
                                                                         {"cfg_scale", "guidance"},
                                                                         {"sampler", "solver"}}};

bool has(const std::vector<std::string>& keys, const std::string& key) {
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

bool is_same(const Value& a, const Value& b) {
  if (a == b) return true;
  char *end_a = nullptr, *end_b = nullptr;
  const double number_a = std::strtod(a.scalar.c_str(), &end_a), number_b = std::strtod(b.scalar.c_str(), &end_b);
  return a.kind == Value::Kind::scalar && b.kind == Value::Kind::scalar && !a.scalar.empty() && !b.scalar.empty() &&
         *end_a == '\0' && *end_b == '\0' && number_a == number_b;
}

[[noreturn]] void refuse_unknown(const std::string& key) {
  std::vector<std::string> all = own_fields();
  all.insert(all.end(), native_fields().begin(), native_fields().end());
  for (const auto& [spelling, native] : kSpellings) all.emplace_back(spelling);
  const std::string meant = nearest(key, all);
  throw Refusal(400, "unknown_field",
                concat("there is no field ", quoted(key), meant.empty() ? "" : concat("; did you mean '", meant, "'?")),
                printable(key), meant.empty() ? std::vector<std::string>() : std::vector<std::string>{meant});
}

OpenaiFields own_of(const Value& section) {
  OpenaiFields own;
  try {
    config::read(section, own);
  } catch (const ConfigError& error) {
    const std::string message = error.what();
    std::string field = message.substr(std::min(message.size(), std::string_view("request: ").size()));
    field = field.substr(0, field.find_first_of(" .[:"));
    throw Refusal(400, "invalid_field", message, has(own_fields(), field) ? field : "");
  }
  return own;
}

}  // namespace

std::span<const std::pair<const char*, ResponseFormat>> enum_names(ResponseFormat) {
  static constexpr std::array<std::pair<const char*, ResponseFormat>, 2> kNames{
      {{"b64_json", ResponseFormat::b64_json}, {"url", ResponseFormat::url}}};
  return kNames;
}

std::span<const std::pair<const char*, Background>> enum_names(Background) {
  static constexpr std::array<std::pair<const char*, Background>, 3> kNames{
      {{"auto", Background::automatic}, {"opaque", Background::opaque}, {"transparent", Background::transparent}}};
  return kNames;
}

std::span<const std::pair<const char*, Quality>> enum_names(Quality) {
  static constexpr std::array<std::pair<const char*, Quality>, 8> kNames{{{"auto", Quality::automatic},
                                                                          {"low", Quality::low},
                                                                          {"medium", Quality::medium},
                                                                          {"high", Quality::high},
                                                                          {"xhigh", Quality::xhigh},
                                                                          {"max", Quality::max},
                                                                          {"standard", Quality::standard},
                                                                          {"hd", Quality::hd}}};
  return kNames;
}

std::span<const std::pair<const char*, Effort>> enum_names(Effort) {
  static constexpr std::array<std::pair<const char*, Effort>, 4> kNames{
      {{"auto", Effort::automatic}, {"low", Effort::low}, {"medium", Effort::medium}, {"high", Effort::high}}};
  return kNames;
}

void put_once(Value& map, const std::string& key, const Value& value, const std::string& spelling) {
  if (const Value* const there = map.find(key)) {
    if (is_same(*there, value)) return;
    throw Refusal(400, "invalid_field",
                  concat(key, " is said twice, as ", printable(config::to_line(*there)), " and (", spelling, ") as ",
                         printable(config::to_line(value))),
                  spelling);
  }
  map.fields.emplace_back(key, value);
}

OpenaiBody openai_body(const Value& body) {
  if (body.kind != Value::Kind::map) throw Refusal(400, "invalid_body", "the body must be a JSON object");
  Value own = config::map_value({}), native_ones = own;
  own.source = native_ones.source = "request";
  for (const auto& [key, value] : body.fields) {
    if (value.kind == Value::Kind::null) continue;  // as the official client sends what is not said
    std::string native = key;
    for (const auto& [spelling, meant] : kSpellings) {
      if (key == spelling) native = meant;
    }
    if (has(native_fields(), native)) {
      put_once(native_ones, native, value, key);
    } else if (has(own_fields(), key)) {
      put_once(own, key, value, key);
    } else {
      refuse_unknown(key);
    }
  }
  return {own_of(own), std::move(native_ones)};
}

}  // namespace pixnerd::serve
