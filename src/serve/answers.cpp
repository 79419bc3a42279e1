#include "serve/answers.h"

#include <cmath>

#include "config/json.h"
#include "config/member.h"
#include "config/schema.h"
#include "core/errors.h"
#include "core/failure.h"
#include "core/log.h"
#include "core/text.h"

namespace pixnerd::serve {
namespace {

const char* type_of(int status) {
  switch (status) {
    case 401:
      return "authentication_error";
    case 403:
      return "permission_error";
    case 404:
      return "not_found_error";
    case 429:
      return "rate_limit_error";
    default:
      return status >= 500 ? "server_error" : "invalid_request_error";
  }
}

}  // namespace

config::Value list_of(std::vector<config::Value> items) {
  config::Value list;
  list.kind = config::Value::Kind::list;
  list.items = std::move(items);
  return list;
}

http::Response json_response(int status, const config::Value& value, http::Fields more) {
  more.emplace_back("Cache-Control", "no-store");
  return http::response(status, "application/json", config::to_json(value), std::move(more));
}

http::Response error_response(const Refusal& refusal) {
  config::Value error =
      config::map_value({{"message", config::text_value(printable(refusal.what(), 1000))},
                         {"type", config::text_value(type_of(refusal.status))},
                         {"code", config::text_value(refusal.code)},
                         {"param", refusal.param.empty() ? config::Value{} : config::text_value(refusal.param)}});
  if (!refusal.nearest.empty()) error.fields.emplace_back("nearest", config::member_value(refusal.nearest));
  http::Fields more;
  if (refusal.retry_after > 0) {
    more.emplace_back("Retry-After", std::to_string(static_cast<int64_t>(std::ceil(refusal.retry_after))));
  }
  if (refusal.status == 401) more.emplace_back("WWW-Authenticate", R"(Bearer realm="pixnerd", Basic realm="pixnerd")");
  return json_response(refusal.status, config::map_value({{"error", std::move(error)}}), std::move(more));
}

Refusal refusal_of(const std::exception& error) {
  if (const auto* const refusal = dynamic_cast<const Refusal*>(&error)) return *refusal;
  const bool is_asked_wrongly =
      dynamic_cast<const RequestError*>(&error) != nullptr || dynamic_cast<const ConfigError*>(&error) != nullptr;
  const std::string message = message_of(error);
  if (!is_asked_wrongly) log_warning(message);
  return {is_asked_wrongly ? 400 : 500, is_asked_wrongly ? "invalid_request" : "internal_error", message};
}

http::Response guarded(const std::function<http::Response()>& answer, const ErrorForm& error) {
  try {
    return answer();
  } catch (const std::exception& exception) {
    return error(refusal_of(exception));
  }
}

}  // namespace pixnerd::serve
