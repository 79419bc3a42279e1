// What clients of OpenAI's images API ask for.
#pragma once

#include <cstdint>
#include <string>

#include "config/value.h"
#include "http/message.h"
#include "serve/catalogue.h"
#include "serve/draw_request.h"
#include "serve/picture_format.h"

namespace pixnerd::serve {

struct ImagesRequest {
  DrawRequest draw;
  PictureFormat format = PictureFormat::png;
  int quality = 100;  // of the format
  bool is_by_url = false;
  bool is_kept = false;  // drawn to the end though the client goes
  bool is_streamed = false;
  int64_t partial_images = 0;
  std::string quality_word = "high";  // as it is said back
  bool is_edit = false;
};

// Of the JSON of /v1/images/generations. Refusal (400) that names the field, and the nearest one to what is none.
ImagesRequest generation_request(const config::Value& body, const Catalogue& catalogue);

// Of the form of /v1/images/edits: the image, a mask whose transparent pixels are drawn anew, and the same fields.
// Refusal: 415 for what is no form, 400 as above. Pictures of more than `most_pixels` pixels are refused.
ImagesRequest edit_request(const http::Request& request, const Catalogue& catalogue, int64_t most_pixels);

}  // namespace pixnerd::serve
