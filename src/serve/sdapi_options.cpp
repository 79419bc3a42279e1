#include "serve/sdapi_options.h"

#include <algorithm>

#include "config/json.h"
#include "config/scalar.h"
#include "core/text.h"
#include "serve/refusal.h"
#include "serve/sdapi_body.h"
#include "serve/sdapi_names.h"

namespace pixnerd::serve {
namespace {

using config::scalar_value;
using config::text_value;
using config::Value;

constexpr const char* kCheckpoint = "sd_model_checkpoint";
constexpr const char* kHash = "sd_checkpoint_hash";
constexpr size_t kMostBytes = size_t{1} << 20;  // of all options as JSON

void put(Value& map, const std::string& key, const Value& value) {
  const auto there =
      std::find_if(map.fields.begin(), map.fields.end(), [&](const auto& field) { return field.first == key; });
  if (there == map.fields.end()) {
    map.fields.emplace_back(key, value);
  } else {
    there->second = value;
  }
}

}  // namespace

SdapiOptions::SdapiOptions(const Catalogue& catalogue)
    : catalogue_(catalogue),
      model_(catalogue.models().front().name),
      others_(config::map_value({{"samples_format", text_value("png")},
                                 {"sd_vae", text_value("None")},
                                 {"CLIP_stop_at_last_layers", scalar_value(int64_t{1})},
                                 {"eta_noise_seed_delta", scalar_value(int64_t{0})},
                                 {"live_previews_enable", scalar_value(true)},
                                 {"show_progress_every_n_steps", scalar_value(int64_t{1})}})) {}

Value SdapiOptions::all() const {
  const std::lock_guard lock(mutex_);
  const ServedModel& model = catalogue_.find(model_);
  Value all = config::map_value({{kCheckpoint, text_value(title_of(model))}, {kHash, text_value(model.hash)}});
  all.fields.insert(all.fields.end(), others_.fields.begin(), others_.fields.end());
  return all;
}

void SdapiOptions::change(const Value& options) {
  SdapiBody body(options);
  const auto title = body.text(kCheckpoint);
  const std::string chosen = title ? model_titled(*title, catalogue_).name : "";
  const std::lock_guard lock(mutex_);
  Value others = others_;
  for (const auto& [key, value] : options.fields) {
    if (key != kCheckpoint && key != kHash) put(others, key, value);
  }
  if (config::to_json(others).size() > kMostBytes) {
    throw Refusal(422, "too_large", concat("the options have more than ", human_bytes(kMostBytes), " in all"));
  }
  others_ = std::move(others);
  if (title) model_ = chosen;
}

std::string SdapiOptions::model() const {
  const std::lock_guard lock(mutex_);
  return model_;
}

}  // namespace pixnerd::serve
