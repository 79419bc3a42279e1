#include "serve/sdapi_body.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <limits>

#include "config/json.h"
#include "core/text.h"
#include "serve/answers.h"

namespace pixnerd::serve {
namespace {

using config::Value;

// What clients send of fields that are not looked at here when they mean nothing by it.
constexpr std::array<std::pair<const char*, const char*>, 26> kUsual{{{"eta", "1"},
                                                                      {"s_noise", "1"},
                                                                      {"s_tmax", "inf"},
                                                                      {"hr_scale", "2"},
                                                                      {"hr_upscaler", "Latent"},
                                                                      {"image_cfg_scale", "1.5"},
                                                                      {"initial_noise_multiplier", "1"},
                                                                      {"inpainting_fill", "1"},
                                                                      {"seed_resize_from_h", "-1"},
                                                                      {"seed_resize_from_w", "-1"},
                                                                      {"refiner_switch_at", "1"},
                                                                      {"send_images", "true"},
                                                                      {"save_images", "true"},
                                                                      {"do_not_save_samples", "true"},
                                                                      {"do_not_save_grid", "true"},
                                                                      {"include_init_images", "true"},
                                                                      {"override_settings_restore_afterwards", "true"},
                                                                      {"scheduler", "automatic"},
                                                                      {"sd_vae", "Automatic"},
                                                                      {"CLIP_stop_at_last_layers", "1"},
                                                                      {"clip_skip", "1"},
                                                                      {"seed_enable_extras", "true"},
                                                                      {"resize_mode", "1"},
                                                                      {"mask_blur_x", "4"},
                                                                      {"mask_blur_y", "4"},
                                                                      {"distilled_cfg_scale", "3.5"}}};

// Marks of a client's own, which ask for nothing.
constexpr std::array<const char*, 5> kMarks{"genkey", "force_task_id", "comments", "sampler_index", "user"};

std::optional<double> number_in(const std::string& text) {
  char* end = nullptr;
  const double number = std::strtod(text.c_str(), &end);
  return text.empty() || *end != '\0' ? std::nullopt : std::optional(number);
}

bool is_usual(const std::string& key, const Value& value) {
  if (std::find(kMarks.begin(), kMarks.end(), key) != kMarks.end()) return true;
  for (const auto& [name, usual] : kUsual) {
    if (key != name || value.kind != Value::Kind::scalar) continue;
    const auto is = number_in(value.scalar), as = number_in(usual);
    if (is && as ? *is == *as : ascii_lower(value.scalar) == ascii_lower(usual)) return true;
  }
  return false;
}

[[noreturn]] void refuse(const char* key, const char* kind) {
  throw Refusal(422, kWrongType, concat(key, " must be ", kind), key);
}

}  // namespace

bool is_nothing(const Value& value) {
  switch (value.kind) {
    case Value::Kind::null:
      return true;
    case Value::Kind::list:
      return std::all_of(value.items.begin(), value.items.end(), is_nothing);
    case Value::Kind::map:
      return std::all_of(value.fields.begin(), value.fields.end(),
                         [](const auto& field) { return is_nothing(field.second); });
    case Value::Kind::scalar:
      break;
  }
  const std::string text = ascii_lower(value.scalar);
  return text.empty() || text == "false" || text == "none" || number_in(text).value_or(1) == 0;
}

SdapiBody::SdapiBody(const Value& body) : body_(body) {
  if (body.kind != Value::Kind::map) throw Refusal(422, "invalid_body", "the body must be a JSON object");
}

const Value* SdapiBody::find(const char* key) {
  asked_.insert(key);
  const Value* const value = body_.find(key);
  return value == nullptr || value->kind == Value::Kind::null ? nullptr : value;
}

const Value* SdapiBody::scalar(const char* key, const char* kind) {
  const Value* const value = find(key);
  if (value != nullptr && value->kind != Value::Kind::scalar) refuse(key, kind);
  return value;
}

std::optional<int64_t> SdapiBody::whole(const char* key) {
  const auto value = number(key);
  if (!value) return std::nullopt;
  // Seeds have more digits than a double holds.
  const std::string& text = body_.at(key).scalar;
  char* end = nullptr;
  errno = 0;
  const int64_t exact = std::strtoll(text.c_str(), &end, 10);
  if (*end == '\0' && errno == 0) return exact;
  constexpr double kMost = 9e18;
  if (*value != std::trunc(*value) || std::abs(*value) > kMost) refuse(key, "a whole number");
  return static_cast<int64_t>(*value);
}

std::optional<double> SdapiBody::number(const char* key) {
  const Value* const value = scalar(key, "a number");
  if (value == nullptr) return std::nullopt;
  const auto number = number_in(value->scalar);
  if (!number || !std::isfinite(*number)) refuse(key, "a number");
  return number;
}

std::optional<bool> SdapiBody::flag(const char* key) {
  const Value* const value = scalar(key, "true or false");
  if (value == nullptr) return std::nullopt;
  const std::string text = ascii_lower(value->scalar);
  if (text == "true" || text == "1" || text == "on" || text == "yes") return true;
  if (text == "false" || text == "0" || text == "off" || text == "no" || text.empty()) return false;
  refuse(key, "true or false");
}

std::optional<std::string> SdapiBody::text(const char* key) {
  const Value* const value = scalar(key, "a text");
  if (value == nullptr) return std::nullopt;
  if (!value->quoted && (number_in(value->scalar) || value->scalar == "true" || value->scalar == "false")) {
    const Value again = config::text_value(value->scalar);
    if (!(again == *value)) refuse(key, "a text");
  }
  return value->scalar;
}

std::vector<std::string> SdapiBody::texts(const char* key) {
  const Value* const value = find(key);
  std::vector<std::string> texts;
  if (value == nullptr) return texts;
  if (value->kind != Value::Kind::list) refuse(key, "a list of texts");
  for (const Value& item : value->items) {
    if (item.kind != Value::Kind::scalar) refuse(key, "a list of texts");
    texts.push_back(item.scalar);
  }
  return texts;
}

const Value* SdapiBody::map(const char* key) {
  const Value* const value = find(key);
  if (value != nullptr && value->kind != Value::Kind::map) refuse(key, "an object");
  return value;
}

std::vector<std::string> SdapiBody::passed_over() const {
  std::vector<std::string> keys;
  for (const auto& [key, value] : body_.fields) {
    if (asked_.count(key) == 0 && !is_nothing(value) && !is_usual(key, value)) keys.push_back(printable(key));
  }
  return keys;
}

http::Response sdapi_error(const Refusal& refusal) {
  const std::string message = printable(refusal.what(), 1000);
  Value detail = config::text_value(message);
  if (refusal.code == kWrongType) {
    Value place = list_of({});
    place.items = {config::text_value("body"), config::text_value(refusal.param)};
    Value list = list_of({});
    list.items.push_back(config::map_value(
        {{"type", config::text_value(kWrongType)}, {"loc", std::move(place)}, {"msg", config::text_value(message)}}));
    detail = std::move(list);
  }
  http::Response response = error_response(refusal);
  Value body = config::parse_json(*response.body, "answer");
  body.fields.insert(body.fields.begin(), {"detail", std::move(detail)});
  response.body = std::make_shared<const std::string>(config::to_json(body));
  return response;
}

}  // namespace pixnerd::serve
