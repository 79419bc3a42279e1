// What A1111's API says of pictures: the reply to txt2img, and what a PNG tells.
#pragma once

#include <string>

#include "config/value.h"
#include "serve/context.h"
#include "serve/sdapi_request.h"

namespace pixnerd::serve {

// {"images", "parameters", "info"} of a job that has ended: those of its pictures that are there.
config::Value sdapi_reply(const Context& context, const JobView& view, const SdapiRequest& request);

// {"info", "items", "parameters"} of a picture in base 64 or a data URL. Refusal (400): what is no picture.
config::Value png_info(const std::string& image, int64_t most_pixels);

// The parts of a text as infotext() makes it: {"Prompt", "Negative prompt", "Steps", ..., "Size-1", "Size-2"}.
config::Value infotext_parts(const std::string& text);

}  // namespace pixnerd::serve
