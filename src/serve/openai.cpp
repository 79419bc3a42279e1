// /v1: the images API of OpenAI, for its own and everybody's clients of it.
#include "config/json.h"
#include "core/text.h"
#include "serve/answers.h"
#include "serve/apis.h"
#include "serve/openai_answer.h"
#include "serve/openai_request.h"

namespace pixnerd::serve {
namespace {

// As the client calls the server; a proxy says by which scheme.
std::string address_of(const http::Request& request) {
  const std::string* const host = http::find(request.headers, "host");
  const std::string* const scheme = http::find(request.headers, "x-forwarded-proto");
  const bool is_secure = scheme != nullptr && *scheme == "https";
  return concat(is_secure ? "https://" : "http://", host == nullptr ? "localhost" : printable(*host, 300));
}

void draw(const Context& context, const std::shared_ptr<http::Exchange>& exchange, ImagesRequest request) {
  const Origin origin{"openai", client_of(exchange->request(), request.draw.client), request.is_kept,
                      request.partial_images};
  const std::string id = submit(context, request.draw, origin);
  if (request.is_streamed) return stream_images(context, exchange, id, std::move(request));
  const bool is_kept = request.is_kept;
  request.draw = {};  // its pictures are in the folder now
  const auto answer = [&context, request = std::move(request),
                       address = address_of(exchange->request())](const JobView& view) {
    if (view.stored.state != store::JobState::done) throw refusal_of(view);
    return json_response(200, images_value(context, view, request, address));
  };
  answer_when_ended(context, exchange, id, is_kept, answer, openai_error);
}

http::Response models(const Context& context) {
  config::Value data = list_of({});
  for (const ServedModel& model : context.catalogue.models()) data.items.push_back(model_value(model));
  return json_response(200, config::map_value({{"object", config::text_value("list")}, {"data", std::move(data)}}));
}

}  // namespace

void add_openai(Router& router, const Context& context) {
  router.add("GET", "/v1/models", openai_error,
             [&context](const http::Request&, const Parts&) { return models(context); });
  router.add("GET", "/v1/models/{id}", openai_error, [&context](const http::Request&, const Parts& parts) {
    return json_response(200, model_value(context.catalogue.find(parts[0])));
  });
  router.add("POST", "/v1/images/generations", openai_error,
             [&context](const std::shared_ptr<http::Exchange>& exchange, const Parts&) {
               draw(context, exchange, generation_request(json_body(exchange->request()), context.catalogue));
             });
  router.add("POST", "/v1/images/edits", openai_error,
             [&context](const std::shared_ptr<http::Exchange>& exchange, const Parts&) {
               const http::Request& request = exchange->request();
               draw(context, exchange, edit_request(request, context.catalogue, context.limits.input_pixels));
             });
}

}  // namespace pixnerd::serve
