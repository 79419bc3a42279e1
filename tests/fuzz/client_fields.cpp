// Bodies of other servers' clients end in a Refusal, or in fields of the types that they should have.
#include <cmath>

#include "config/json.h"
#include "serve/openai_fields.h"
#include "serve/sdapi_body.h"
#include "tests/fuzz/checks.h"

using namespace pixnerd;

namespace {

void read_sdapi(const config::Value& value) {
  serve::SdapiBody body(value);
  for (const char* const key : {"prompt", "steps", "seed", "width"}) {
    const auto refused = [&](const auto& read) { fuzz::accepts<serve::Refusal>(read); };
    refused([&] { body.whole(key); });
    refused([&] { body.text(key); });
    refused([&] { body.texts(key); });
    refused([&] { body.flag(key); });
    refused([&] {
      const auto number = body.number(key);
      fuzz::require(!number || std::isfinite(*number), "a number is finite");
    });
  }
  body.passed_over();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  config::Value body;
  const auto parse = [&] { body = config::parse_json(fuzz::as_text(data, size), "request"); };
  if (!fuzz::accepts<ConfigError>(parse)) return 0;
  fuzz::accepts<serve::Refusal>([&] { serve::openai_body(body); });
  fuzz::accepts<serve::Refusal>([&] { read_sdapi(body); });
  return 0;
}
