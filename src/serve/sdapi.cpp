// /sdapi/v1: the API of A1111's web UI, as its many clients use it.
#include "serve/answers.h"
#include "serve/apis.h"
#include "serve/sdapi_body.h"
#include "serve/sdapi_info.h"
#include "serve/sdapi_jobs.h"
#include "serve/sdapi_lists.h"
#include "serve/sdapi_options.h"
#include "serve/sdapi_request.h"

namespace pixnerd::serve {
namespace {

struct Sdapi {
  explicit Sdapi(const Context& with) : context(with), options(with.catalogue), jobs(with) {}

  const Context& context;
  SdapiOptions options;
  SdapiJobs jobs;
};

// The reply says what has come of a job that was interrupted, too.
void draw(Sdapi& sdapi, const std::shared_ptr<http::Exchange>& exchange, bool is_img2img) {
  const Context& context = sdapi.context;
  SdapiRequest request = sdapi_request(json_body(exchange->request()), is_img2img, sdapi.options.model(),
                                       context.catalogue, context.limits);
  const std::string id = submit(context, request.draw, {kSdapi, client_of(exchange->request()), false, 0});
  request.draw.image.clear();
  request.draw.mask.clear();
  const auto answer = [&context, request = std::move(request)](const JobView& view) {
    // What its own interrupt ended answers with the pictures that are there, be it none.
    if (view.stored.state != store::JobState::done && !view.is_ended_early) throw refusal_of(view);
    return json_response(200, sdapi_reply(context, view, request));
  };
  answer_when_ended(context, exchange, id, false, answer, sdapi_error);
}

bool wants_image(const http::Request& request) {
  const std::string* const skips = http::find(request.query, "skip_current_image");
  return skips == nullptr || (*skips != "true" && *skips != "True" && *skips != "1");
}

http::Response nothing() {
  return json_response(200, config::map_value({}));
}

}  // namespace

void add_sdapi(Router& router, const Context& context) {
  const auto sdapi = std::make_shared<Sdapi>(context);
  const auto add = [&](const char* method, const char* path,
                       std::function<http::Response(const http::Request&)> answer) {
    router.add(method, path, sdapi_error,
               [answer = std::move(answer)](const http::Request& request, const Parts&) { return answer(request); });
  };
  for (const bool is_img2img : {false, true}) {
    router.add("POST", is_img2img ? "/sdapi/v1/img2img" : "/sdapi/v1/txt2img", sdapi_error,
               [sdapi, is_img2img](const std::shared_ptr<http::Exchange>& exchange, const Parts&) {
                 draw(*sdapi, exchange, is_img2img);
               });
  }
  add("GET", "/sdapi/v1/options", [sdapi](const http::Request&) { return json_response(200, sdapi->options.all()); });
  add("POST", "/sdapi/v1/options", [sdapi](const http::Request& request) {
    sdapi->options.change(json_body(request));
    return nothing();
  });
  add("GET", "/sdapi/v1/progress", [sdapi](const http::Request& request) {
    return json_response(200, sdapi->jobs.progress(client_of(request), wants_image(request)));
  });
  // Pictures of a job are drawn side by side, so that to skip one is to interrupt it.
  for (const char* const path : {"/sdapi/v1/interrupt", "/sdapi/v1/skip"}) {
    add("POST", path, [sdapi](const http::Request& request) {
      sdapi->jobs.interrupt(client_of(request));
      return nothing();
    });
  }
  add("POST", "/sdapi/v1/png-info", [&context](const http::Request& request) {
    const config::Value body = json_body(request);
    return json_response(200, png_info(SdapiBody(body).text("image").value_or(""), context.limits.input_pixels));
  });
  // Checkpoints are loaded when they are wanted and put away when memory is.
  for (const char* const path : {"/sdapi/v1/refresh-checkpoints", "/sdapi/v1/refresh-vae", "/sdapi/v1/refresh-loras",
                                 "/sdapi/v1/unload-checkpoint", "/sdapi/v1/reload-checkpoint"}) {
    add("POST", path, [](const http::Request&) { return nothing(); });
  }
  add_sdapi_lists(router, context);
}

}  // namespace pixnerd::serve
