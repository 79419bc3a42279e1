// What a client asks for ends in a Refusal, or in a request that is kept and read again as the same.
#include "serve/draw_request.h"

#include "config/json.h"
#include "tests/fuzz/checks.h"

using namespace pixnerd;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  config::Value body;
  const auto parse = [&] { body = config::parse_json(fuzz::as_text(data, size), "request"); };
  if (!fuzz::accepts<ConfigError>(parse)) return 0;
  serve::DrawRequest request;
  if (!fuzz::accepts<serve::Refusal>([&] { request = serve::draw_request(body); })) return 0;
  fuzz::require(request.count >= 1 && request.count <= serve::kMostPicturesOfJob, "a job has 1 to 64 pictures");
  fuzz::require(!request.deadline || *request.deadline > 0, "a deadline is in the future");
  fuzz::require(!request.strength || (*request.strength >= 0 && *request.strength <= 1), "a strength is a share");
  const std::string kept = config::to_json(serve::to_value(request));
  const serve::DrawRequest again = serve::draw_request(config::parse_json(kept, "request"));
  fuzz::require(config::to_json(serve::to_value(again)) == kept, "a request is kept as it was read");
  return 0;
}
