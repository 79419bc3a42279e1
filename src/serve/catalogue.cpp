#include "serve/catalogue.h"

#include <algorithm>

#include "checkpoint/checkpoint_path.h"
#include "checkpoint/content_hash.h"
#include "core/errors.h"
#include "core/text.h"
#include "sample/label_names.h"
#include "sample/record.h"
#include "serve/refusal.h"

namespace pixnerd::serve {
namespace {

// "emoji64" of "assets/emoji64.safetensors", and of the folder of a run its own name.
std::string short_name(const std::filesystem::path& given) {
  const std::filesystem::path name = sample::recorded_name(given);
  return printable(is_directory(given) ? name.string() : name.stem().string());
}

ServedModel served(const std::string& given, bool has_text_encoder) {
  ServedModel model;
  model.path = checkpoint::checkpoint_path(given);
  model.name = short_name(given);
  model.hash = checkpoint::content_hash(model.path);
  const sample::StoredWeights weights = sample::load_weights(model.path);
  const auto description = sample::describe_weights(weights);
  if (!description) throw CheckpointError(concat("checkpoint ", quoted(given), " is of no network that pixnerd knows"));
  model.description = *description;
  model.class_names = sample::class_names(*description);
  if (model.description.model.needs_text_encoder() && !has_text_encoder) {
    throw RequestError(concat(quoted(given), " draws prompts; --text-encoder names the folder of its text encoder"));
  }
  if (description->model.in_channels != 3) {
    throw RequestError(concat(quoted(given), " draws ", description->model.in_channels, " channels, not RGB"));
  }
  return model;
}

}  // namespace

Catalogue::Catalogue(const std::vector<std::string>& checkpoints, bool has_text_encoder) {
  if (checkpoints.empty()) throw RequestError("there is nothing to serve; name a checkpoint");
  for (const std::string& given : checkpoints) {
    ServedModel model = served(given, has_text_encoder);
    const std::string name = model.name;
    const auto is_taken = [&](const ServedModel& other) { return other.name == model.name; };
    for (int i = 2; std::any_of(models_.begin(), models_.end(), is_taken); ++i) model.name = concat(name, "-", i);
    models_.push_back(std::move(model));
  }
}

const ServedModel& Catalogue::find(const std::string& name) const {
  if (name.empty()) return models_.front();
  std::vector<std::string> names;
  for (const ServedModel& model : models_) {
    if (model.name == name) return model;
    names.push_back(model.name);
  }
  const std::vector<std::string> like = sample::names_like(name, names, 3);
  throw Refusal(404, "model_not_found", concat("there is no model ", quoted(name), "; there is ", join(names, ", ")),
                "model", like.empty() ? names : like);
}

}  // namespace pixnerd::serve
