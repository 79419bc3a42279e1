#include "serve/openai_request.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <optional>
#include <set>
#include <span>

#include "config/schema.h"
#include "core/errors.h"
#include "core/text.h"
#include "core/utf8.h"
#include "http/base64.h"
#include "http/multipart.h"
#include "serve/alpha_mask.h"
#include "serve/class_prompt.h"
#include "serve/refusal.h"

namespace pixnerd::serve {
namespace {

using config::Value;

constexpr int64_t kMostPictures = 10, kMostPartial = 3;

// Words that OpenAI's service knows. What they ask of it has no counterpart here, but its clients send them.
enum class ResponseFormat { b64_json, url };
enum class Background { automatic, opaque, transparent };
enum class Quality { automatic, low, medium, high, xhigh, max, standard, hd };
enum class Effort { automatic, low, medium, high };

std::span<const std::pair<const char*, ResponseFormat>> enum_names(ResponseFormat) {
  static constexpr std::array<std::pair<const char*, ResponseFormat>, 2> kNames{
      {{"b64_json", ResponseFormat::b64_json}, {"url", ResponseFormat::url}}};
  return kNames;
}

std::span<const std::pair<const char*, Background>> enum_names(Background) {
  static constexpr std::array<std::pair<const char*, Background>, 3> kNames{
      {{"auto", Background::automatic}, {"opaque", Background::opaque}, {"transparent", Background::transparent}}};
  return kNames;
}

std::span<const std::pair<const char*, Quality>> enum_names(Quality) {
  static constexpr std::array<std::pair<const char*, Quality>, 8> kNames{{{"auto", Quality::automatic},
                                                                          {"low", Quality::low},
                                                                          {"medium", Quality::medium},
                                                                          {"high", Quality::high},
                                                                          {"xhigh", Quality::xhigh},
                                                                          {"max", Quality::max},
                                                                          {"standard", Quality::standard},
                                                                          {"hd", Quality::hd}}};
  return kNames;
}

std::span<const std::pair<const char*, Effort>> enum_names(Effort) {
  static constexpr std::array<std::pair<const char*, Effort>, 4> kNames{
      {{"auto", Effort::automatic}, {"low", Effort::low}, {"medium", Effort::medium}, {"high", Effort::high}}};
  return kNames;
}

// The fields that are OpenAI's own, or ours for want of one of theirs.
struct OwnFields {
  int64_t n = 1;
  std::string size = "auto";
  std::optional<int64_t> width, height;
  ResponseFormat response_format = ResponseFormat::b64_json;
  PictureFormat output_format = PictureFormat::png;
  int64_t output_compression = 100;
  Background background = Background::automatic;
  Quality quality = Quality::automatic;
  Effort moderation = Effort::automatic, input_fidelity = Effort::automatic, complexity = Effort::automatic;
  std::string style, user, safety_identifier;
  bool stream = false, keep = false;
  int64_t partial_images = 0;

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& visit) {
    const auto side = config::between(1, diffusion::kLongestSide);
    visit("n", self.n, "pictures", config::between(1, kMostPictures));
    visit("size", self.size, "WIDTHxHEIGHT, or auto");
    visit("width", self.width, "pixels", side);
    visit("height", self.height, "pixels", side);
    visit("response_format", self.response_format, "pictures in the reply or their addresses");
    visit("output_format", self.output_format, "of the pictures' files");
    visit("output_compression", self.output_compression, "quality of JPEG and WebP", config::between(0, 100));
    visit("background", self.background, "opaque, as all pictures here are");
    visit("quality", self.quality, "of OpenAI's networks");
    visit("moderation", self.moderation, "of OpenAI's service");
    visit("input_fidelity", self.input_fidelity, "of OpenAI's networks");
    visit("complexity", self.complexity, "of OpenAI's networks");
    visit("style", self.style, "one of the network's");
    visit("user", self.user, "of OpenAI's service");
    visit("safety_identifier", self.safety_identifier, "of OpenAI's service");
    visit("stream", self.stream, "whether events are sent");
    visit("keep", self.keep, "whether drawing goes on when the client goes");
    visit("partial_images", self.partial_images, "pictures on the way that are sent, of a stream",
          config::between(0, kMostPartial));
  }
};

// Those of the native API that have no other name here.
const std::vector<std::string>& native_fields() {
  static const std::vector<std::string> all = [] {
    std::vector<std::string> keys{"model",    "class",     "prompt",      "negative_prompt", "seed",
                                  "preset",   "dtype",     "invert_mask", "extend",          "resample",
                                  "strength", "variation", "deadline"};
    config::KeysOfFields known;
    sample::SampleConfig settings;
    sample::SampleConfig::fields(settings, known);
    std::copy_if(known.keys.begin(), known.keys.end(), std::back_inserter(keys),
                 [](const std::string& key) { return key != "size"; });
    return keys;
  }();
  return all;
}

const std::vector<std::string>& own_fields() {
  static const std::vector<std::string> all = [] {
    config::KeysOfFields known;
    OwnFields fields;
    OwnFields::fields(fields, known);
    return known.keys;
  }();
  return all;
}

// Spellings in use, and the native ones.
constexpr std::array<std::pair<const char*, const char*>, 4> kSpellings{{{"num_inference_steps", "steps"},
                                                                         {"guidance_scale", "guidance"},
                                                                         {"cfg_scale", "guidance"},
                                                                         {"sampler", "solver"}}};

bool has(const std::vector<std::string>& keys, const std::string& key) {
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

bool is_same(const Value& a, const Value& b) {
  if (a == b) return true;
  char *end_a = nullptr, *end_b = nullptr;
  const double number_a = std::strtod(a.scalar.c_str(), &end_a), number_b = std::strtod(b.scalar.c_str(), &end_b);
  return a.kind == Value::Kind::scalar && b.kind == Value::Kind::scalar && !a.scalar.empty() && !b.scalar.empty() &&
         *end_a == '\0' && *end_b == '\0' && number_a == number_b;
}

[[noreturn]] void refuse_unknown(const std::string& key) {
  std::vector<std::string> all = own_fields();
  all.insert(all.end(), native_fields().begin(), native_fields().end());
  for (const auto& [spelling, native] : kSpellings) all.emplace_back(spelling);
  const std::string meant = nearest(key, all);
  throw Refusal(400, "unknown_field",
                concat("there is no field ", quoted(key), meant.empty() ? "" : concat("; did you mean '", meant, "'?")),
                printable(key), meant.empty() ? std::vector<std::string>() : std::vector<std::string>{meant});
}

void put(Value& map, const std::string& key, const Value& value, const std::string& spelling) {
  if (const Value* const there = map.find(key)) {
    if (is_same(*there, value)) return;
    throw Refusal(400, "invalid_field",
                  concat(key, " is said twice, as ", config::to_line(*there), " and (", spelling, ") as ",
                         config::to_line(value)),
                  spelling);
  }
  map.fields.emplace_back(key, value);
}

struct Parts {
  Value own = config::map_value({}), native = config::map_value({});
};

Parts parted(const Value& body) {
  if (body.kind != Value::Kind::map) throw Refusal(400, "invalid_body", "the body must be a JSON object");
  Parts parts;
  parts.own.source = parts.native.source = "request";
  for (const auto& [key, value] : body.fields) {
    if (value.kind == Value::Kind::null) continue;  // as the official client sends what is not said
    std::string native = key;
    for (const auto& [spelling, meant] : kSpellings) {
      if (key == spelling) native = meant;
    }
    if (has(native_fields(), native)) {
      put(parts.native, native, value, key);
    } else if (has(own_fields(), key)) {
      put(parts.own, key, value, key);
    } else {
      refuse_unknown(key);
    }
  }
  return parts;
}

OwnFields own_of(const Value& section) {
  OwnFields own;
  try {
    config::read(section, own);
  } catch (const ConfigError& error) {
    const std::string message = error.what();
    std::string field = message.substr(std::min(message.size(), std::string_view("request: ").size()));
    field = field.substr(0, field.find_first_of(" .[:"));
    throw Refusal(400, "invalid_field", message, has(own_fields(), field) ? field : "");
  }
  return own;
}

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

void take_size(const OwnFields& own, const ServedModel& model, DrawRequest& draw) {
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
  Value list;
  list.kind = Value::Kind::list;
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

void check(const OwnFields& own) {
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
  const Parts parts = parted(body);
  const OwnFields own = own_of(parts.own);
  check(own);
  ImagesRequest request;
  request.draw = draw_request(parts.native);
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
      put(fields, part.name, form_value(part.name, part.content), part.name);
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
