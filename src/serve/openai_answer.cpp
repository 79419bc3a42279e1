#include "serve/openai_answer.h"

#include <chrono>
#include <ctime>
#include <filesystem>

#include "config/json.h"
#include "config/scalar.h"
#include "core/errors.h"
#include "core/text.h"
#include "http/base64.h"
#include "serve/answers.h"

namespace pixnerd::serve {
namespace {

using config::map_value;
using config::scalar_value;
using config::text_value;
using config::Value;

std::string size_text(int64_t width, int64_t height) {
  return concat(width, "x", height);
}

// Of a picture in whole patches, as the transformer sees it.
int64_t patches_of(const store::StoredPicture& picture, int64_t patch) {
  return ((picture.width + patch - 1) / patch) * ((picture.height + patch - 1) / patch);
}

// Tokens of the transformer: patches of pictures, and what stands for a class, a style or a prompt.
Value usage_value(const Context& context, const JobView& view, const ImagesRequest& request) {
  const ServedModel& model = context.catalogue.find(view.stored.model);
  const models::ModelConfig& network = model.description.model;
  int64_t output = 0;
  for (const store::StoredPicture& picture : view.stored.pictures) output += patches_of(picture, network.patch_size);
  const int64_t text = model.takes_text() ? network.txt_max_length : 1 + (network.num_styles > 0);
  const bool has_image = request.is_edit && !view.stored.pictures.empty();
  const int64_t image = has_image ? patches_of(view.stored.pictures.front(), network.patch_size) : 0;
  return map_value({{"input_tokens", scalar_value(text + image)},
                    {"input_tokens_details",
                     map_value({{"text_tokens", scalar_value(text)}, {"image_tokens", scalar_value(image)}})},
                    {"output_tokens", scalar_value(output)},
                    {"output_tokens_details",
                     map_value({{"image_tokens", scalar_value(output)}, {"text_tokens", scalar_value(int64_t{0})}})},
                    {"total_tokens", scalar_value(text + image + output)}});
}

// "fox, noto": the class and style that were drawn; "" of a prompt, which is drawn as it is.
std::string revised_prompt(const store::StoredPicture& picture) {
  const Value record = config::parse_json(picture.record, "record");
  const Value* const name = record.find("class_name");
  const Value* const style = record.find("style_name");
  if (name == nullptr || name->scalar.empty()) return "";
  return style == nullptr || style->scalar.empty() ? name->scalar : concat(name->scalar, ", ", style->scalar);
}

Value picture_value(const Context& context, const store::StoredPicture& picture, const ImagesRequest& request,
                    const std::string& address) {
  Value value = map_value({});
  if (request.is_by_url) {
    value.fields.emplace_back("url", text_value(concat(address, kPicturePath, picture.hash, ".png")));
  } else {
    const std::string file = encoded(png_of(context, picture), request.format, request.quality);
    value.fields.emplace_back("b64_json", text_value(http::base64(file)));
  }
  if (const std::string drawn = revised_prompt(picture); !drawn.empty()) {
    value.fields.emplace_back("revised_prompt", text_value(drawn));
  }
  return value;
}

// What every event has.
Value event_value(const ImagesRequest& request, const char* what, const std::string& file, const std::string& size) {
  return map_value({{"type", text_value(event_name(request, what))},
                    {"b64_json", text_value(http::base64(file))},
                    {"created_at", scalar_value(int64_t{std::time(nullptr)})},
                    {"size", text_value(size)},
                    {"quality", text_value(request.quality_word)},
                    {"background", text_value("opaque")},
                    {"output_format", text_value(config::enum_name(request.format))}});
}

}  // namespace

Value model_value(const ServedModel& model) {
  std::error_code error;
  const auto changed = std::filesystem::last_write_time(model.path, error);
  const auto since = std::chrono::file_clock::to_sys(changed).time_since_epoch();
  const int64_t created = error ? 0 : std::chrono::duration_cast<std::chrono::seconds>(since).count();
  return map_value({{"id", text_value(model.name)},
                    {"object", text_value("model")},
                    {"created", scalar_value(created)},
                    {"owned_by", text_value("pixnerd")}});
}

Value images_value(const Context& context, const JobView& view, const ImagesRequest& request,
                   const std::string& address) {
  Value data = list_of({});
  for (const store::StoredPicture& picture : view.stored.pictures) {
    data.items.push_back(picture_value(context, picture, request, address));
  }
  const store::StoredPicture& first = view.stored.pictures.front();
  return map_value({{"created", scalar_value(static_cast<int64_t>(view.stored.ended))},
                    {"data", std::move(data)},
                    {"background", text_value("opaque")},
                    {"output_format", text_value(config::enum_name(request.format))},
                    {"quality", text_value(request.quality_word)},
                    {"size", text_value(size_text(first.width, first.height))},
                    {"usage", usage_value(context, view, request)}});
}

Value partial_value(const ImagesRequest& request, const image::Image& picture, int64_t index) {
  const std::string file = encoded(picture, request.format, request.quality);
  Value value = event_value(request, "partial_image", file, size_text(picture.width, picture.height));
  value.fields.emplace_back("partial_image_index", scalar_value(index));
  return value;
}

Value completed_value(const Context& context, const JobView& view, const ImagesRequest& request) {
  const store::StoredPicture& picture = view.stored.pictures.front();
  const std::string file = encoded(png_of(context, picture), request.format, request.quality);
  Value value = event_value(request, "completed", file, size_text(picture.width, picture.height));
  value.fields.emplace_back("usage", usage_value(context, view, request));
  return value;
}

std::string event_name(const ImagesRequest& request, const char* what) {
  return concat(request.is_edit ? "image_edit." : "image_generation.", what);
}

http::Response openai_error(const Refusal& refusal) {
  http::Response response = error_response(refusal);
  // OpenAI's clients send a request again by themselves after most errors of a server.
  const bool is_worthwhile = refusal.status == 429 || refusal.status == 503;
  if (refusal.status >= 500 && !is_worthwhile) response.headers.emplace_back("X-Should-Retry", "false");
  return response;
}

}  // namespace pixnerd::serve
