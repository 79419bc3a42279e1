// What clients of A1111's web UI ask for, in our terms.
//
// Such clients send what their users' settings say, made for other networks: other samplers, sizes, steps, fields that
// mean nothing here. All of it is drawn as near to what was asked for as can be, and each change is noted.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/value.h"
#include "serve/catalogue.h"
#include "serve/draw_request.h"
#include "serve/order.h"

namespace pixnerd::serve {

struct SdapiRequest {
  DrawRequest draw;
  std::vector<std::string> notes;  // sentences: what was changed or passed over
  std::string sampler;             // as ours is called in their terms
  int64_t batch_size = 1;
  uint64_t subseed = 0;
  double subseed_strength = 0;
  std::vector<std::string> styles;
  bool sends_images = true;
  config::Value parameters;  // the body, to be said back
};

// `model` is the one that is chosen by the options, unless the request overrides that. Refusal: 422 for wrong types and
// more pictures than a job has, 404 for what is not there.
SdapiRequest sdapi_request(const config::Value& body, bool is_img2img, const std::string& model,
                           const Catalogue& catalogue, const RequestLimits& limits);

}  // namespace pixnerd::serve
