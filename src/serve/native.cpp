// The native API: jobs that are accepted, watched and taken out, and the pictures that came of them.
#include <algorithm>
#include <charconv>

#include "config/json.h"
#include "config/member.h"
#include "config/schema.h"
#include "core/errors.h"
#include "core/text.h"
#include "image/codec.h"
#include "models/token_grid.h"
#include "sample/preset.h"
#include "serve/answers.h"
#include "serve/apis.h"
#include "serve/events.h"
#include "serve/job_value.h"

namespace pixnerd::serve {
namespace {

using config::map_value;
using config::member_value;
using config::scalar_value;
using config::text_value;
using config::Value;

constexpr int64_t kUsualJobs = 50, kMostJobs = 500;

Value model_value(const Context& context, const ServedModel& model, bool is_loaded) {
  const sample::SampleConfig& settings = model.description.sample;
  const auto [rows, columns] = models::size_steps(model.description.model);
  return map_value({{"name", text_value(model.name)},
                    {"kind", text_value(model.takes_text() ? "text" : "classes")},
                    {"is_loaded", scalar_value(is_loaded)},
                    {"size", member_value(settings.picture_size())},
                    {"patch", scalar_value(std::max(rows, columns))},
                    {"longest_side", scalar_value(diffusion::kLongestSide)},
                    {"most_tokens", scalar_value(context.limits.tokens)},
                    {"most_pixels", scalar_value(context.limits.pixels)},
                    {"most_steps", scalar_value(context.limits.steps)},
                    {"classes", member_value(model.class_names)},
                    {"num_classes", scalar_value(model.description.model.num_classes)},
                    {"styles", member_value(model.description.styles)},
                    {"settings", member_value(settings)},
                    {"presets", member_value(config::names_of<sample::Preset>())},
                    {"solvers", member_value(config::names_of<diffusion::SolverKind>())},
                    {"dtypes", member_value(config::names_of<models::Precision>())},
                    {"dtype", member_value(context.limits.precision)}});
}

http::Response list_models(const Context& context) {
  const std::set<std::string> loaded = context.loaded();
  Value list = list_of({});
  for (const ServedModel& model : context.catalogue.models()) {
    list.items.push_back(model_value(context, model, loaded.contains(model.name)));
  }
  return json_response(200, map_value({{"models", list},
                                       {"default", text_value(context.catalogue.models().front().name)},
                                       {"version", text_value(context.version)}}));
}

http::Response accept_job(const Context& context, const http::Request& request) {
  DrawRequest wanted = draw_request(json_body(request));
  const Origin origin{"native", client_of(request, wanted.client)};
  const std::string id = submit(context, std::move(wanted), origin);
  return json_response(202, job_value(*context.jobs.find(id)), {{"Location", concat("/api/jobs/", id)}});
}

int64_t limit_of(const http::Request& request) {
  const std::string* const text = http::find(request.query, "limit");
  if (text == nullptr) return kUsualJobs;
  int64_t limit = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), limit);
  if (error != std::errc{} || end != text->data() + text->size() || limit < 1 || limit > kMostJobs) {
    throw Refusal(400, "invalid_field", concat("limit must be a whole number from 1 to ", kMostJobs), "limit");
  }
  return limit;
}

std::optional<store::JobState> state_of(const http::Request& request) {
  const std::string* const text = http::find(request.query, "state");
  if (text == nullptr) return std::nullopt;
  const auto state = store::job_state(*text);
  if (!state) {
    throw Refusal(400, "invalid_field", "state must be one of queued, running, done, failed, cancelled", "state");
  }
  return state;
}

http::Response list_jobs(const Context& context, const http::Request& request) {
  const std::string* const before = http::find(request.query, "before");
  const store::Page page = context.jobs.list(limit_of(request), before == nullptr ? "" : *before, state_of(request));
  Value list = list_of({});
  for (const store::StoredJob& job : page.jobs) list.items.push_back(job_value(context.jobs.view_of(job)));
  return json_response(200, map_value({{"jobs", list}, {"next", page.next.empty() ? Value{} : text_value(page.next)}}));
}

[[noreturn]] void refuse_job(const std::string& id) {
  throw Refusal(404, "unknown_job", concat("there is no job ", quoted(id)));
}

http::Response show_job(const Context& context, const std::string& id) {
  const auto view = context.jobs.find(id);
  if (!view) refuse_job(id);
  return json_response(200, job_value(*view));
}

http::Response delete_job(const Context& context, const std::string& id) {
  const bool is_cancelled = context.jobs.cancel(id);
  const auto view = context.jobs.find(id);
  // One that has not ended although nothing was left to cancel is about to: that is being written.
  if (is_cancelled || (view && !store::is_ended(view->stored.state))) return show_job(context, id);
  if (!context.jobs.remove(id)) refuse_job(id);
  return {204, {}, nullptr};
}

const char* content_type_of(const std::string& bytes) {
  const std::string_view head(bytes.data(), std::min<size_t>(bytes.size(), 12));
  if (head.starts_with("\x89PNG")) return "image/png";
  if (head.starts_with("\xff\xd8")) return "image/jpeg";
  if (head.starts_with("GIF8")) return "image/gif";
  if (head.starts_with("RIFF") && head.ends_with("WEBP")) return "image/webp";
  if (head.starts_with("BM")) return "image/bmp";
  if (head.substr(std::min<size_t>(head.size(), 4)).starts_with("ftyp")) {
    return head.ends_with("avif") ? "image/avif" : "image/heic";
  }
  return "image/tiff";
}

// A file of the folder by its hash; what it holds never changes.
http::Response picture(const Context& context, const http::Request& request, const std::string& hash,
                       const char* extension) {
  const std::string tag = concat("\"", hash, "\"");
  const std::string* const known = http::find(request.headers, "if-none-match");
  const http::Fields keep{{"ETag", tag}, {"Cache-Control", "private, max-age=31536000, immutable"}};
  const bool is_known = known != nullptr && *known == tag;
  const auto content = store::is_hash(hash) ? context.folder.read(hash, extension) : std::nullopt;
  if (!content) throw Refusal(404, "unknown_picture", concat("there is no picture ", quoted(hash)));
  if (is_known) return {304, keep, nullptr};
  return http::response(200, content_type_of(*content), *content, keep);
}

http::Response finished_picture(const Context& context, const http::Request& request, const std::string& name) {
  if (!name.ends_with(".png")) throw Refusal(404, "unknown_picture", concat("there is no picture ", quoted(name)));
  return picture(context, request, name.substr(0, name.size() - 4), "png");
}

}  // namespace

void add_native(Router& router, const Context& context) {
  using http::Request;
  const auto add = [&](const char* method, const char* path, auto handler) {
    router.add(method, path, error_response,
               std::function<http::Response(const Request&, const Parts&)>(std::move(handler)));
  };
  const auto add_stream = [&](const char* path, auto handler) {
    router.add("GET", path, error_response, RouteHandler(std::move(handler)));
  };
  add("GET", "/api/models", [&](const Request&, const Parts&) { return list_models(context); });
  add("POST", "/api/jobs", [&](const Request& request, const Parts&) { return accept_job(context, request); });
  add("GET", "/api/jobs", [&](const Request& request, const Parts&) { return list_jobs(context, request); });
  add("GET", "/api/jobs/{id}", [&](const Request&, const Parts& parts) { return show_job(context, parts[0]); });
  add("DELETE", "/api/jobs/{id}", [&](const Request&, const Parts& parts) { return delete_job(context, parts[0]); });
  add("GET", "/api/pictures/{name}",
      [&](const Request& request, const Parts& parts) { return finished_picture(context, request, parts[0]); });
  add("GET", "/api/inputs/{hash}",
      [&](const Request& request, const Parts& parts) { return picture(context, request, parts[0], kInputExtension); });
  add_stream("/api/events", [&](const auto& exchange, const Parts&) { stream_all(context, exchange); });
  add_stream("/api/jobs/{id}/events",
             [&](const auto& exchange, const Parts& parts) { stream_job(context, exchange, parts[0]); });
}

}  // namespace pixnerd::serve
