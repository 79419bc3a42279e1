#include "serve/openapi.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <type_traits>

#include "config/member.h"
#include "config/schema.h"
#include "core/text.h"
#include "serve/answers.h"
#include "serve/draw_request.h"

namespace pixnerd::serve {
namespace {

using config::map_value;
using config::scalar_value;
using config::text_value;
using config::Value;

Value typed(const char* type) {
  return map_value({{"type", text_value(type)}});
}

Value reference(const char* schema) {
  return map_value({{"$ref", text_value(concat("#/components/schemas/", schema))}});
}

// The fields of a section as the properties of a JSON schema.
class Properties {
 public:
  Value map = map_value({});

  template <class M>
  void operator()(const char* key, const M&, const char* help, const config::Constraint& limits = {}) {
    Value schema = schema_of<M>(key, limits);
    schema.fields.emplace_back("description", text_value(help));
    map.fields.emplace_back(key, std::move(schema));
  }

 private:
  template <class M>
  static Value schema_of(const std::string& key, const config::Constraint& limits) {
    using Element = typename config::ElementOf<M>::Type;
    if constexpr (std::is_same_v<M, Value>) {
      if (key == "seed") return map_value({{"type", text_value("integer")}, {"minimum", scalar_value(int64_t{0})}});
      return map_value({{"type", list_of({text_value("string"), text_value("integer")})}});
    } else if constexpr (config::Section<M>) {
      Properties inner;
      M section;
      M::fields(section, inner);
      return map_value({{"type", text_value("object")}, {"properties", inner.map}});
    } else if constexpr (std::is_same_v<M, std::optional<Element>>) {
      return schema_of<Element>(key, limits);
    } else if constexpr (!std::is_same_v<M, Element>) {
      return map_value({{"type", text_value("array")}, {"items", schema_of<Element>(key, limits)}});
    } else if constexpr (std::is_enum_v<M>) {
      return map_value({{"type", text_value("string")}, {"enum", config::member_value(config::names_of<M>())}});
    } else if constexpr (std::is_same_v<M, std::string>) {
      return typed("string");
    } else if constexpr (std::is_same_v<M, bool>) {
      return typed("boolean");
    } else {
      Value number = typed(std::is_same_v<M, int64_t> ? "integer" : "number");
      const auto add = [&](const char* name, double limit) {
        if (std::abs(limit) < 1e18) number.fields.emplace_back(name, scalar_value(limit));
      };
      add(limits.open ? "exclusiveMinimum" : "minimum", limits.low);
      add("maximum", limits.high);
      return number;
    }
  }
};

Value draw_request_schema() {
  Properties properties;
  DrawRequest request;
  DrawRequest::fields(request, properties);
  sample::SampleConfig settings;
  sample::SampleConfig::fields(settings, properties);
  return map_value({{"type", text_value("object")},
                    {"additionalProperties", scalar_value(false)},
                    {"properties", std::move(properties.map)}});
}

Value object_schema(const std::vector<std::pair<const char*, Value>>& properties) {
  Value map = map_value({}), required = list_of({});
  for (const auto& [name, schema] : properties) {
    map.fields.emplace_back(name, schema);
    required.items.push_back(text_value(name));
  }
  return map_value({{"type", text_value("object")}, {"properties", std::move(map)}, {"required", std::move(required)}});
}

Value nullable(const char* type) {
  return map_value({{"type", list_of({text_value(type), text_value("null")})}});
}

Value array_of(Value items) {
  return map_value({{"type", text_value("array")}, {"items", std::move(items)}});
}

Value schemas() {
  const std::vector<std::string> states{"queued", "running", "done", "failed", "cancelled"};
  const Value state = map_value({{"type", text_value("string")}, {"enum", config::member_value(states)}});
  const Value picture = object_schema({{"index", typed("integer")},
                                       {"url", typed("string")},
                                       {"hash", typed("string")},
                                       {"width", typed("integer")},
                                       {"height", typed("integer")},
                                       {"seed", typed("integer")},
                                       {"record", typed("object")}});
  const Value job = object_schema({{"id", typed("string")},
                                   {"api", typed("string")},
                                   {"state", state},
                                   {"model", typed("string")},
                                   {"created", nullable("number")},
                                   {"started", nullable("number")},
                                   {"ended", nullable("number")},
                                   {"count", typed("integer")},
                                   {"position", typed("integer")},
                                   {"progress", typed("number")},
                                   {"steps", typed("integer")},
                                   {"steps_done", typed("integer")},
                                   {"eta", nullable("number")},
                                   {"title", typed("string")},
                                   {"request", typed("object")},
                                   {"pictures", array_of(reference("Picture"))},
                                   {"warnings", array_of(typed("string"))},
                                   {"error", nullable("object")}});
  const Value error = object_schema({{"message", typed("string")},
                                     {"type", typed("string")},
                                     {"code", typed("string")},
                                     {"param", nullable("string")}});
  return map_value({{"DrawRequest", draw_request_schema()},
                    {"Job", job},
                    {"Picture", picture},
                    {"Jobs", object_schema({{"jobs", array_of(reference("Job"))}, {"next", nullable("string")}})},
                    {"Error", object_schema({{"error", error}})}});
}

struct Operation {
  const char* summary = "";
  const char* answer = "";  // a schema, or a media type
  int status = 200;
  const char* body = "";  // a schema
  std::vector<const char*> query = {};
  int empty = 0;  // another status, of an answer without a body; 0: none
};

Operation operation_of(const std::string& route) {
  static const std::map<std::string, Operation> kKnown{
      {"GET /", {"The page", "text/html"}},
      {"GET /page/{name}", {"A file of the page", "text/javascript"}},
      {"GET /favicon.ico", {"The page's sign", "image/svg+xml"}},
      {"GET /health", {"Whether the server answers; needs no token", "object"}},
      {"GET /metrics", {"What a monitor asks for, in Prometheus' text format", "text/plain"}},
      {"GET /api/status", {"How much is waiting and running", "object"}},
      {"GET /api/openapi.json", {"This description", "object"}},
      {"GET /api/models", {"The models, their classes, styles and usual settings", "object"}},
      {"POST /api/jobs",
       {"Ask for pictures; they are drawn even if the server is restarted", "Job", 202, "DrawRequest"}},
      {"GET /api/jobs", {"Jobs, newest first", "Jobs", 200, "", {"limit", "before", "state"}}},
      {"GET /api/jobs/{id}", {"One job", "Job"}},
      {"DELETE /api/jobs/{id}",
       {"Cancel a job (200), or take an ended one out of the history with its pictures (204)",
        "Job",
        200,
        "",
        {},
        204}},
      {"GET /api/events",
       {"All jobs as server-sent events: hello, job, progress, preview", "text/event-stream", 200, "", {"previews"}}},
      {"GET /api/jobs/{id}/events",
       {"One job as server-sent events, until it ends; 204 to who has seen that",
        "text/event-stream",
        200,
        "",
        {"previews"},
        204}},
      {"GET /api/pictures/{name}", {"A finished picture, HASH.png", "image/png", 200, "", {}, 304}},
      {"GET /api/inputs/{hash}", {"A picture that was sent to be edited", "image/*", 200, "", {}, 304}},
      {"POST /login", {"The page's cookie for the token", "", 204, "object"}},
      {"POST /logout", {"Takes the cookie back", "", 204}}};
  const auto found = kKnown.find(route);
  if (found != kKnown.end()) return found->second;
  if (route.find("/sdapi/") != std::string::npos) return {"As the web UI of A1111 has it", "object"};
  return {"As OpenAI's images API has it", "object"};
}

Value content(const std::string& kind) {
  if (kind.find('/') != std::string::npos) return map_value({{kind, map_value({{"schema", typed("string")}})}});
  const Value schema = kind == "object" ? map_value({}) : reference(kind.c_str());
  return map_value({{"application/json", map_value({{"schema", schema}})}});
}

Value parameter(const std::string& name, const char* in) {
  return map_value({{"name", text_value(name)},
                    {"in", text_value(in)},
                    {"required", scalar_value(std::string_view(in) == "path")},
                    {"schema", typed("string")}});
}

Value operation_value(const std::string& route, const std::string& path) {
  const Operation operation = operation_of(route);
  Value parameters = list_of({});
  for (size_t at = path.find('{'); at != std::string::npos; at = path.find('{', at + 1)) {
    parameters.items.push_back(parameter(path.substr(at + 1, path.find('}', at) - at - 1), "path"));
  }
  for (const char* const name : operation.query) parameters.items.push_back(parameter(name, "query"));
  Value answer = map_value({{"description", text_value(operation.summary)}});
  if (*operation.answer != '\0') answer.fields.emplace_back("content", content(operation.answer));
  const Value error = map_value({{"description", text_value("What was wrong")}, {"content", content("Error")}});
  Value responses = map_value({{std::to_string(operation.status), answer}});
  if (operation.empty != 0) {
    responses.fields.emplace_back(std::to_string(operation.empty),
                                  map_value({{"description", text_value("Nothing more to say")}}));
  }
  responses.fields.emplace_back("default", error);
  Value value = map_value({{"summary", text_value(operation.summary)},
                           {"parameters", std::move(parameters)},
                           {"responses", std::move(responses)}});
  if (*operation.body != '\0') {
    value.fields.emplace_back("requestBody", map_value({{"content", content(operation.body)}}));
  }
  return value;
}

}  // namespace

Value openapi(const std::vector<std::string>& routes, const std::string& version) {
  Value paths = map_value({});
  for (const std::string& route : routes) {
    const size_t space = route.find(' ');
    const std::string path = route.substr(space + 1), method = ascii_lower(route.substr(0, space));
    auto found = std::find_if(paths.fields.begin(), paths.fields.end(), [&](const auto& f) { return f.first == path; });
    if (found == paths.fields.end()) found = paths.fields.insert(found, {path, map_value({})});
    found->second.fields.emplace_back(method, operation_value(route, path));
  }
  return map_value({{"openapi", text_value("3.1.0")},
                    {"info", map_value({{"title", text_value("pixnerd")}, {"version", text_value(version)}})},
                    {"paths", std::move(paths)},
                    {"components", map_value({{"schemas", schemas()}})}});
}

}  // namespace pixnerd::serve
