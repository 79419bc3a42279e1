#include "serve/order.h"

#include <map>

#include "config/schema.h"
#include "core/errors.h"
#include "core/text.h"
#include "diffusion/limits.h"
#include "engine/memory.h"
#include "http/base64.h"
#include "http/secret.h"
#include "image/codec.h"
#include "models/token_grid.h"
#include "sample/drawing.h"
#include "sample/label_names.h"
#include "sample/requests.h"
#include "serve/refusal.h"

namespace pixnerd::serve {
namespace {

constexpr size_t kMostNames = 5;
constexpr size_t kLongestName = 1000;                 // bytes, of a class, a style or a client
constexpr uint64_t kRandomSeeds = uint64_t{1} << 32;  // few digits, and exact in every language's numbers

uint64_t random_seed() {
  return std::stoull(http::random_hex(8), nullptr, 16) % kRandomSeeds;
}

int64_t label_of_text(const std::string& text, const std::vector<std::string>& names, const char* kind,
                      const std::string& param) {
  if (text.size() > kLongestName) {
    throw Refusal(400, concat("unknown_", kind), concat("there is no ", kind, " ", quoted(text)), param);
  }
  try {
    return sample::label_named(text, names, kind);
  } catch (const RequestError& error) {
    std::string message = error.what();
    if (const size_t hint = message.find("; `pixnerd info"); hint != message.npos) {
      message = concat(message.substr(0, hint), "; GET /api/models lists them");
    }
    throw Refusal(400, concat("unknown_", kind), message, param, sample::names_like(text, names, kMostNames));
  }
}

// The pictures' bytes: those that were sent, or those that are here already. The field becomes the path here.
std::string content_of(std::string& field, const char* param, store::PictureFolder& folder, const RequestLimits& limits,
                       std::vector<std::string>& inputs) {
  for (const auto& [path, extension] : {std::pair(kInputPath, kInputExtension), std::pair(kPicturePath, "png")}) {
    if (!field.starts_with(path)) continue;
    const std::string hash = field.substr(std::string_view(path).size()).substr(0, 64);
    const auto kept = store::is_hash(hash) ? folder.read(hash, extension) : std::nullopt;
    if (!kept) throw Refusal(400, "unknown_picture", concat("there is no picture ", quoted(field), " here"), param);
    inputs.push_back(hash);  // so that it stays even if the job that it came of is taken out
    return *kept;
  }
  std::string_view text = field;
  if (text.starts_with("data:")) text.remove_prefix(std::min(text.size(), text.find(',') + 1));
  std::string content;
  try {
    content = http::base64_decoded(text);
    const auto info = image::inspect(std::as_bytes(std::span(content)), concat("the ", param));
    if (int64_t{info.width} * info.height > limits.input_pixels) {
      throw DataError(concat("the ", param, " has ", info.width, "x", info.height, " pixels, more than ",
                             limits.input_pixels, " are taken"));
    }
  } catch (const DataError& error) {
    throw Refusal(400, "invalid_picture", error.what(), param);
  }
  const std::string hash = folder.put(content, kInputExtension);
  inputs.push_back(hash);
  field = kInputPath + hash;
  return content;
}

sample::SampleConfig settings_of(const DrawRequest& request, const ServedModel& model, const RequestLimits& limits) {
  sample::SampleConfig settings = model.description.sample;
  if (request.preset) settings = sample::settings_of(*request.preset, settings).sample;
  try {
    settings = sample::with_settings(settings, request.settings);
  } catch (const ConfigError& error) {
    throw field_refusal(error, request.settings);
  }
  if (settings.sampler.steps > limits.steps) {
    throw Refusal(400, "too_many_steps",
                  concat("steps ", settings.sampler.steps, " are more than this server takes, ", limits.steps),
                  "steps");
  }
  return settings;
}

void require_pixels(int64_t width, int64_t height, const RequestLimits& limits) {
  if (width * height <= limits.pixels) return;
  throw Refusal(400, "invalid_size",
                concat("size ", width, "x", height, " has more pixels than this server draws, ", limits.pixels),
                "size");
}

void require_size(const ServedModel& model, const sample::SampleConfig& settings, const RequestLimits& limits) {
  try {
    engine::require_sizes(model.description.model, settings);
  } catch (const RequestError& error) {
    throw Refusal(400, "invalid_size", error.what(), "size");
  }
  const auto [width, height] = settings.picture_size();
  require_pixels(width, height, limits);
  const models::TokenGrid grid = models::token_grid(model.description.model, settings.size[1], settings.size[0]);
  if (grid.rows * grid.columns > limits.tokens) {
    throw Refusal(400, "invalid_size",
                  concat("size ", settings.size[0], "x", settings.size[1], " has ", grid.rows * grid.columns,
                         " patches, more than this server draws, ", limits.tokens),
                  "size");
  }
}

// Before such a canvas is made: of the picture as it is stored, which EXIF may turn.
void require_canvas(const sample::PictureFile& input, const sample::EditRecord& how, const RequestLimits& limits) {
  const auto info = image::inspect(std::as_bytes(std::span(input.content)), "the image");
  const auto [width, height] = how.size.value_or(sample::PictureSize{info.width, info.height});
  const auto [left, top, right, bottom] = how.extend;
  require_pixels(width + left + right, height + top + bottom, limits);
}

std::shared_ptr<const sample::PictureEdit> edit_of(DrawRequest& request, const ServedModel& model,
                                                   const sample::SampleConfig& settings, store::PictureFolder& folder,
                                                   const RequestLimits& limits, std::vector<std::string>& inputs) {
  if (request.image.empty()) {
    if (!request.mask.empty())
      throw Refusal(400, "missing_image", "a mask says what is drawn anew of an image; send it, too", "image");
    if (request.extend != std::array<int64_t, 4>{})
      throw Refusal(400, "missing_image", "extend adds to an image; send it, too", "image");
    if (request.strength)
      throw Refusal(400, "missing_image", "strength is for drawing from an image; send it, too", "image");
    return nullptr;
  }
  const auto file = [&](std::string& field, const char* param) {
    std::string content = content_of(field, param, folder, limits, inputs);
    return sample::PictureFile{concat(param, ".png"), std::move(content)};
  };
  sample::EditRecord how;
  how.invert_mask = request.invert_mask;
  how.strength = request.strength;
  how.extend = request.extend;
  how.resample = request.resample;
  if (request.settings.find("size") != nullptr) how.size = settings.size;
  const sample::PictureFile input = file(request.image, "image");
  require_canvas(input, how, limits);
  std::optional<sample::PictureFile> mask;
  if (!request.mask.empty()) mask = file(request.mask, "mask");
  try {
    return std::make_shared<const sample::PictureEdit>(sample::edit_of(input, mask, how, model.description.model));
  } catch (const Error& error) {
    throw Refusal(400, "invalid_edit", error.what(), "image");
  }
}

std::vector<int64_t> styles_of(const DrawRequest& request, const ServedModel& model) {
  const int64_t count = model.description.model.num_styles;
  if (request.style.kind != config::Value::Kind::null) {
    if (count == 0) throw Refusal(400, "unknown_style", "this model knows no styles", "style");
    return {label_of(request.style, model.description.styles, count, "style")};
  }
  std::vector<int64_t> all;
  for (int64_t i = 0; i < count; ++i) all.push_back(i);
  return all;
}

int64_t class_of(const DrawRequest& request, const ServedModel& model) {
  const int64_t count = model.description.model.num_classes;
  if (request.class_label.kind != config::Value::Kind::null) {
    if (request.prompt) throw Refusal(400, "invalid_field", "name a class or write a prompt, not both", "prompt");
    return label_of(request.class_label, model.class_names, count, "class");
  }
  if (!request.prompt || request.prompt->empty()) {
    throw Refusal(400, "missing_class", "nothing is asked for; name a class", "class");
  }
  return label_of_text(*request.prompt, model.class_names, "class", "prompt");
}

std::vector<sample::PictureRequest> pictures_of(const DrawRequest& request, const ServedModel& model,
                                                const sample::SampleConfig& settings) {
  if (!model.takes_text()) {
    if (!request.negative_prompt.empty()) {
      throw Refusal(400, "invalid_field", "this model draws classes and has no negative prompts", "negative_prompt");
    }
    return sample::requests_of({class_of(request, model)}, styles_of(request, model), request.count,
                               sample::ClassOrder::runs, *request.seed, settings);
  }
  if (request.class_label.kind != config::Value::Kind::null || request.style.kind != config::Value::Kind::null) {
    throw Refusal(400, "invalid_field", "this model draws prompts and has no classes or styles; write a prompt",
                  "prompt");
  }
  if (!request.prompt) throw Refusal(400, "missing_prompt", "nothing is asked for; write a prompt", "prompt");
  sample::Prompt prompt;
  prompt.prompt = *request.prompt;
  return sample::requests_of({prompt}, request.count, *request.seed, request.negative_prompt, settings,
                             model.description.model);
}

std::string title_of(const Order& order) {
  const sample::PictureRequest& first = order.pictures.front();
  if (first.prompt) return *first.prompt;
  const auto& description = order.model->description;
  std::string title = order.model->class_names.empty() ? concat("class ", *first.label)
                                                       : order.model->class_names.at(static_cast<size_t>(*first.label));
  const bool has_one_style = order.request.style.kind != config::Value::Kind::null || order.pictures.size() == 1;
  if (first.style && has_one_style && *first.style < std::ssize(description.styles)) {
    title += concat(", ", description.styles[static_cast<size_t>(*first.style)]);
  }
  return title;
}

// A part of a name that was taken for all of it is said.
void warn_of_names(Order& order) {
  const sample::PictureRequest& first = order.pictures.front();
  const auto warn = [&](const std::string& said, const std::vector<std::string>& names, int64_t label,
                        const char* kind) {
    if (label >= std::ssize(names) || ascii_lower(said) == ascii_lower(names[static_cast<size_t>(label)])) return;
    order.warnings.push_back(
        concat(quoted(said), " is taken for the ", kind, " ", quoted(names[static_cast<size_t>(label)])));
  };
  if (!first.label) return;
  const DrawRequest& request = order.request;
  if (request.prompt) warn(*request.prompt, order.model->class_names, *first.label, "class");
  if (request.class_label.quoted) warn(request.class_label.scalar, order.model->class_names, *first.label, "class");
  if (first.style && request.style.quoted)
    warn(request.style.scalar, order.model->description.styles, *first.style, "style");
}

models::Precision precision_of(const DrawRequest& request, const RequestLimits& limits) {
  models::Precision wanted = limits.precision;
  if (request.preset)
    wanted = models::available_precision(sample::settings_of(*request.preset, {}).precision, limits.device);
  if (request.dtype) wanted = *request.dtype;
  try {
    if (wanted == models::Precision::int8) models::require_int8(limits.device);
  } catch (const RequestError& error) {
    throw Refusal(400, "invalid_field", error.what(), "dtype");
  }
  return wanted;
}

}  // namespace

int64_t label_of(const config::Value& value, const std::vector<std::string>& names, int64_t count, const char* kind) {
  if (value.kind != config::Value::Kind::scalar) {
    throw Refusal(400, concat("unknown_", kind), concat("a ", kind, " is a name or a number"), kind);
  }
  if (value.quoted || !sample::numbers_labels(value.scalar)) return label_of_text(value.scalar, names, kind, kind);
  int64_t label = 0;
  try {
    config::read_scalar(value, kind, config::between(0, static_cast<double>(count - 1)), label);
  } catch (const ConfigError& error) {
    throw Refusal(400, concat("unknown_", kind), error.what(), kind);
  }
  return label;
}

Order order_of(DrawRequest request, const Catalogue& catalogue, store::PictureFolder& folder,
               const RequestLimits& limits) {
  for (const auto& [text, param] :
       {std::pair(request.prompt.value_or(""), "prompt"), {request.negative_prompt, "negative_prompt"}}) {
    if (text.size() <= kLongestPrompt) continue;
    throw Refusal(400, "prompt_too_long",
                  concat("the ", param, " has ", text.size(), " bytes, more than ", kLongestPrompt), param);
  }
  if (request.client.size() > kLongestName) {
    throw Refusal(400, "invalid_field", concat("client has more than ", kLongestName, " bytes"), "client");
  }
  Order order;
  order.model = &catalogue.find(request.model);
  order.precision = precision_of(request, limits);
  request.model = order.model->name;
  if (!request.seed) request.seed = random_seed();
  sample::SampleConfig settings = settings_of(request, *order.model, limits);
  const auto edit = edit_of(request, *order.model, settings, folder, limits, order.inputs);
  if (edit) settings.size = edit->canvas_size();
  require_size(*order.model, settings, limits);
  order.pictures = pictures_of(request, *order.model, settings);
  constexpr int64_t kBytesPerPixel = 20;  // colours and mask, as bytes and as the engine takes them
  if (edit) order.bytes = kBytesPerPixel * settings.size[0] * settings.size[1];
  for (sample::PictureRequest& picture : order.pictures) {
    picture.edit = edit;
    picture.variation = request.variation;
    order.steps += picture.settings->sampler.steps;
  }
  order.request = std::move(request);
  order.title = title_of(order);
  warn_of_names(order);
  try {
    sample::check(order.model->description.model, order.pictures);
  } catch (const Error& error) {
    throw Refusal(400, "invalid_request", error.what());
  }
  return order;
}

}  // namespace pixnerd::serve
