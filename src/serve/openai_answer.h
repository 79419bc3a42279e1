// What clients of OpenAI's images API are told.
#pragma once

#include <cstdint>
#include <string>

#include "config/value.h"
#include "serve/context.h"
#include "serve/openai_request.h"

namespace pixnerd::serve {

// {"object": "model", ...}.
config::Value model_value(const ServedModel& model);

// The whole reply to a request whose job is done. `address` is the server's as the client calls it, "http://host:port".
config::Value images_value(const Context& context, const JobView& view, const ImagesRequest& request,
                           const std::string& address);

// The data of image_generation.partial_image, or image_edit.partial_image, and of the ...completed that ends a stream.
config::Value partial_value(const ImagesRequest& request, const image::Image& picture, int64_t index);
config::Value completed_value(const Context& context, const JobView& view, const ImagesRequest& request);
std::string event_name(const ImagesRequest& request, const char* what);

// error_response(), and that a failure which would come again is not worth another try.
http::Response openai_error(const Refusal& refusal);

// Sends the events of a job that was accepted.
void stream_images(const Context& context, const std::shared_ptr<http::Exchange>& exchange, const std::string& id,
                   ImagesRequest request);

}  // namespace pixnerd::serve
