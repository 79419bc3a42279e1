#include "serve/openai_request.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <set>

#include "config/scalar.h"
#include "core/errors.h"
#include "core/text.h"
#include "core/utf8.h"
#include "http/base64.h"
#include "http/multipart.h"
#include "serve/alpha_mask.h"
#include "serve/answers.h"
#include "serve/class_prompt.h"
#include "serve/openai_fields.h"
#include "serve/refusal.h"

namespace pixnerd::serve {
namespace {

using config::Value;

std::optional<std::array<int64_t, 2>> size_in(const std::string& text) {
  if (text == "auto" || text.empty()) return std::nullopt;
  std::array<int64_t, 2> size{};
  const char* const end = text.data() + text.size();
  const auto width = std::from_chars(text.data(), end, size[0]);
  const auto height = width.ptr < end ? std::from_chars(width.ptr + 1, end, size[1]) : width;
  if (width.ec != std::errc{} || height.ec != std::errc{} || height.ptr != end || *width.ptr != 'x' || size[0] < 1 ||
      size[1] < 1 || std::max(size[0], size[1]) > diffusion::kLongestSide) {
    throw Refusal(400, "invalid_size",
                  concat("size is WIDTHxHEIGHT in pixels, such as 64x64, or auto, not ", quoted(text)), "size");
  }
  return size;
}

void take_size(const OpenaiFields& own, const ServedModel& model, DrawRequest& draw) {
  auto size = size_in(own.size);
  if (own.width || own.height) {
    const auto usual = size.value_or(model.description.sample.size);
    const std::array<int64_t, 2> sides{own.width.value_or(usual[0]), own.height.value_or(usual[1])};
    if (size && *size != sides) {
      throw Refusal(400, "invalid_field",
                    concat("size says ", own.size, ", and width and height ", sides[0], "x", sides[1]), "size");
    }
    size = sides;
  }
  if (!size) return;
  Value list = list_of({});
  for (const int64_t side : *size) list.items.push_back(config::scalar_value(side));
  draw.settings.fields.emplace_back("size", std::move(list));
}

void take_style(const std::string& style, const ServedModel& model, DrawRequest& draw) {
  if (style.empty()) return;
  const std::string known = style_named(style, model);
  if (known.empty() && (style == "vivid" || style == "natural")) return;  // OpenAI's own
  draw.style = config::text_value(known.empty() ? style : known);
}

std::string word_of(Quality quality) {
  const std::string word = config::enum_name(quality);
  return word == "auto" || word == "standard" || word == "hd" ? "high" : word;  // their clients know no others
}

void check(const OpenaiFields& own) {
  if (own.background == Background::transparent) {
    throw Refusal(400, "invalid_field", "pictures here are opaque; background is opaque or auto", "background");
  }
  if (own.output_format == PictureFormat::png && own.output_compression != 100) {
    throw Refusal(400, "invalid_field", "PNG is exact and has no compression to choose; output_format is jpeg or webp",
                  "output_compression");
  }
  if (own.response_format == ResponseFormat::url && own.output_format != PictureFormat::png) {
    throw Refusal(400, "invalid_field", "pictures at an address are PNG; ask for b64_json, or for output_format png",
                  "response_format");
  }
  if (own.stream && own.n > 1) throw Refusal(400, "invalid_field", "streaming is for n = 1 only", "n");
  if (own.stream && own.response_format == ResponseFormat::url) {
    throw Refusal(400, "invalid_field", "a stream brings pictures as b64_json", "response_format");
  }
  if (!own.stream && own.partial_images > 0) {
    throw Refusal(400, "invalid_field", "partial_images are sent in a stream only; ask for stream: true",
                  "partial_images");
  }
}

// Texts of a form, which may look like something else.
bool is_text(const std::string& name) {
  static const std::set<std::string> names{"model", "prompt", "negative_prompt",  "size",
                                           "style", "user",   "safety_identifier"};
  return names.count(name) > 0;
}

Value form_value(const std::string& name, const std::string& text) {
  if (text.empty()) return {};
  if (is_text(name)) return config::text_value(text);
  try {
    return config::parse(text, concat("request: ", name), false);
  } catch (const ConfigError& error) {
    throw Refusal(400, "invalid_field", error.what(), printable(name));
  }
}

void take_file(std::string& file, const http::FormPart& part, const char* name) {
  if (!file.empty()) {
    throw Refusal(400, "invalid_field", concat("this server draws from one ", name, " at a time; send one"), name);
  }
  if (part.content.empty()) throw Refusal(400, "invalid_picture", concat("the ", name, " is empty"), name);
  file = part.content;
}

}  // namespace

ImagesRequest generation_request(const Value& body, const Catalogue& catalogue) {
  const auto [own, native] = openai_body(body);
  check(own);
  ImagesRequest request;
  request.draw = draw_request(native);
  const ServedModel& model = catalogue.find(request.draw.model);
  request.draw.count = own.n;
  take_size(own, model, request.draw);
  take_style(own.style, model, request.draw);
  split_class_prompt(request.draw, model);
  request.format = own.output_format;
  request.quality = static_cast<int>(own.output_compression);
  request.is_by_url = own.response_format == ResponseFormat::url;
  request.is_kept = own.keep;
  request.is_streamed = own.stream;
  request.partial_images = own.partial_images;
  request.quality_word = word_of(own.quality);
  return request;
}

ImagesRequest edit_request(const http::Request& request, const Catalogue& catalogue, int64_t most_pixels) {
  const std::string* const type = http::find(request.headers, "content-type");
  if (type == nullptr || !ascii_lower(*type).starts_with("multipart/form-data")) {
    throw Refusal(415, "unsupported_media_type", "an edit is sent as a form, with Content-Type: multipart/form-data");
  }
  std::vector<http::FormPart> form;
  try {
    form = http::parse_multipart(*type, request.body);
  } catch (const DataError& error) {
    throw Refusal(400, "invalid_form", error.what());
  }
  std::string image, mask;
  Value fields = config::map_value({});
  for (const http::FormPart& part : form) {
    if (part.name == "image" || part.name == "image[]") {
      take_file(image, part, "image");
    } else if (part.name == "mask") {
      take_file(mask, part, "mask");
    } else {
      if (!is_utf8(part.content)) throw Refusal(400, "invalid_field", "texts are UTF-8", printable(part.name));
      put_once(fields, part.name, form_value(part.name, part.content), part.name);
    }
  }
  if (image.empty()) throw Refusal(400, "missing_image", "there is nothing to edit; send an image", "image");
  ImagesRequest edit = generation_request(fields, catalogue);
  edit.is_edit = true;
  edit.draw.image = http::base64(image);
  if (!mask.empty()) {
    const auto alpha = mask_of_alpha(mask, DrawnAnew::transparent, most_pixels, "mask");
    if (!alpha) {
      throw Refusal(400, "invalid_mask", "the mask is opaque; its transparent pixels are those drawn anew", "mask");
    }
    edit.draw.mask = http::base64(*alpha);
  }
  return edit;
}

}  // namespace pixnerd::serve
