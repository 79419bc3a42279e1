#include "serve/sdapi_lists.h"

#include "config/member.h"
#include "config/schema.h"
#include "core/memory.h"
#include "core/text.h"
#include "serve/answers.h"
#include "serve/sdapi_body.h"
#include "serve/sdapi_names.h"

namespace pixnerd::serve {
namespace {

using config::map_value;
using config::scalar_value;
using config::text_value;
using config::Value;

Value models(const Context& context) {
  std::vector<Value> items;
  for (const ServedModel& model : context.catalogue.models()) {
    items.push_back(map_value({{"title", text_value(title_of(model))},
                               {"model_name", text_value(model.name)},
                               {"hash", text_value(model.hash.substr(0, 10))},
                               {"sha256", Value{}},
                               {"filename", text_value(model.path.filename().string())},
                               {"config", Value{}}}));
  }
  return list_of(std::move(items));
}

Value samplers() {
  std::vector<Value> items;
  for (const SamplerName& sampler : sampler_names()) {
    items.push_back(map_value({{"name", text_value(sampler.name)},
                               {"aliases", list_of({text_value(config::enum_name(sampler.solver))})},
                               {"options", map_value({})}}));
  }
  return list_of(std::move(items));
}

Value schedulers() {
  return list_of({map_value({{"name", text_value("automatic")},
                             {"label", text_value("Automatic")},
                             {"aliases", Value{}},
                             {"default_rho", scalar_value(-1.0)},
                             {"need_inner_model", scalar_value(false)}})});
}

Value upscalers() {
  return list_of({map_value({{"name", text_value("None")},
                             {"model_name", Value{}},
                             {"model_path", Value{}},
                             {"model_url", Value{}},
                             {"scale", scalar_value(int64_t{1})}})});
}

// The styles of all models, each once.
Value styles(const Context& context) {
  std::set<std::string> names;
  for (const ServedModel& model : context.catalogue.models()) {
    names.insert(model.description.styles.begin(), model.description.styles.end());
  }
  std::vector<Value> items;
  for (const std::string& name : names) {
    items.push_back(
        map_value({{"name", text_value(name)}, {"prompt", text_value("")}, {"negative_prompt", text_value("")}}));
  }
  return list_of(std::move(items));
}

Value memory() {
  const auto used = static_cast<int64_t>(resident_bytes()), free = static_cast<int64_t>(available_bytes());
  return map_value(
      {{"ram",
        map_value({{"free", scalar_value(free)}, {"used", scalar_value(used)}, {"total", scalar_value(used + free)}})},
       {"cuda", map_value({})}});
}

}  // namespace

void add_sdapi_lists(Router& router, const Context& context) {
  const auto add = [&](const char* name, std::function<Value()> make) {
    router.add("GET", concat("/sdapi/v1/", name), sdapi_error,
               [make = std::move(make)](const http::Request&, const Parts&) { return json_response(200, make()); });
  };
  add("sd-models", [&context] { return models(context); });
  add("samplers", samplers);
  add("schedulers", schedulers);
  add("upscalers", upscalers);
  add("prompt-styles", [&context] { return styles(context); });
  add("memory", memory);
  for (const char* const none : {"latent-upscale-modes", "loras", "sd-vae", "hypernetworks", "face-restorers",
                                 "realesrgan-models", "script-info"}) {
    add(none, [] { return list_of({}); });
  }
  add("embeddings", [] { return map_value({{"loaded", map_value({})}, {"skipped", map_value({})}}); });
  add("scripts", [] { return map_value({{"txt2img", list_of({})}, {"img2img", list_of({})}}); });
  add("cmd-flags", [] { return map_value({{"api", scalar_value(true)}}); });
}

}  // namespace pixnerd::serve
