#include "serve/context.h"

#include "config/json.h"
#include "core/errors.h"
#include "core/text.h"
#include "serve/answers.h"

namespace pixnerd::serve {
namespace {

constexpr size_t kLongestWord = 100;
constexpr size_t kMostBodyBytes = size_t{64} << 20;  // the server takes no more (http::ServerOptions)

bool is_json(const std::string& content_type) {
  const std::string type = ascii_lower(content_type.substr(0, content_type.find_first_of("; ")));
  return type == "application/json";
}

}  // namespace

std::string submit(const Context& context, DrawRequest request, const Origin& origin) {
  const auto hold = context.jobs.hold_files();
  return context.jobs.accept(order_of(std::move(request), context.catalogue, context.folder, context.limits), origin);
}

std::string client_of(const http::Request& request, const std::string& word) {
  const std::string* const header = http::find(request.headers, "x-client-id");
  const std::string name = !word.empty() ? word : header != nullptr ? *header : "";
  return name.empty() ? request.peer : concat(request.peer, "/", printable(name, kLongestWord));
}

config::Value json_body(const http::Request& request) {
  if (request.body.empty()) return config::map_value({});
  const std::string* const type = http::find(request.headers, "content-type");
  if (type == nullptr || !is_json(*type)) {
    throw Refusal(415, "unsupported_media_type", "the body must be JSON, sent with Content-Type: application/json");
  }
  try {
    return config::parse_json(request.body, "request", kMostBodyBytes);
  } catch (const ConfigError& error) {
    throw Refusal(400, "invalid_json", error.what());
  }
}

void answer_when_ended(const Context& context, const std::shared_ptr<http::Exchange>& exchange, const std::string& id,
                       bool is_kept, std::function<http::Response(const JobView&)> answer,
                       std::function<http::Response(const Refusal&)> error) {
  if (!is_kept) cancel_when_gone(context, *exchange, id);
  context.jobs.when_ended(id, [exchange, answer = std::move(answer), error = std::move(error)](const JobView& view) {
    exchange->answer(guarded([&] { return answer(view); }, error));
  });
}

void cancel_when_gone(const Context& context, http::Exchange& exchange, const std::string& id) {
  exchange.when_gone([&context, id] { context.work([&context, id] { context.jobs.cancel(id); }); });
}

std::string png_of(const Context& context, const store::StoredPicture& picture) {
  const auto png = context.folder.read(picture.hash, "png");
  if (!png) throw DataError(concat("the picture ", picture.hash, " is gone from the server's folder"));
  return *png;
}

Refusal refusal_of(const JobView& view) {
  if (view.stored.error == kDeadlineError) return {504, "deadline", view.stored.error};
  if (view.stored.error == kStoppingError) return {503, "stopping", view.stored.error};
  if (view.stored.state == store::JobState::failed) return {500, "drawing_failed", view.stored.error};
  return {499, "cancelled", "the job was cancelled"};
}

}  // namespace pixnerd::serve
