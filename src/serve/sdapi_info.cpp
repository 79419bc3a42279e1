#include "serve/sdapi_info.h"

#include <algorithm>
#include <ctime>
#include <regex>

#include "config/json.h"
#include "config/schema.h"
#include "core/errors.h"
#include "core/text.h"
#include "core/utf8.h"
#include "http/base64.h"
#include "image/codec.h"
#include "serve/answers.h"
#include "serve/infotext.h"
#include "serve/sdapi_names.h"

namespace pixnerd::serve {
namespace {

using config::map_value;
using config::scalar_value;
using config::text_value;
using config::Value;

constexpr size_t kLongestInfotext = size_t{1} << 20;

template <class Make>
Value list_made(size_t count, const Make& make) {
  Value list = list_of({});
  for (size_t i = 0; i < count; ++i) list.items.push_back(make(i));
  return list;
}

Value texts(const std::vector<std::string>& texts) {
  return list_made(texts.size(), [&](size_t i) { return text_value(texts[i]); });
}

std::string infotext_of(const store::StoredPicture& picture) {
  sample::PictureRecord record;
  config::read(config::parse_json(picture.record, "record", kLongestInfotext), record);
  return infotext(record);
}

std::string timestamp(double seconds) {
  const auto time = static_cast<std::time_t>(seconds);
  std::tm parts{};
  gmtime_r(&time, &parts);
  char text[32];
  return {text, std::strftime(text, sizeof(text), "%Y%m%d%H%M%S", &parts)};
}

// Of the settings of the first picture, or of those that were asked for where none was drawn.
sample::SampleConfig settings_of(const JobView& view, const SdapiRequest& request, const ServedModel& model) {
  if (view.stored.pictures.empty()) return sample::with_settings(model.description.sample, request.draw.settings);
  sample::PictureRecord record;
  config::read(config::parse_json(view.stored.pictures.front().record, "record", kLongestInfotext), record);
  return record.sample;
}

Value info_value(const Context& context, const JobView& view, const SdapiRequest& request) {
  const auto& pictures = view.stored.pictures;
  const ServedModel& model = context.catalogue.find(view.stored.model);
  const sample::SampleConfig settings = settings_of(view, request, model);
  const auto [width, height] = settings.picture_size();
  const std::string& prompt = view.title;
  std::vector<std::string> notes = request.notes;
  notes.insert(notes.end(), view.stored.warnings.begin(), view.stored.warnings.end());
  if (std::ssize(pictures) < view.stored.count) {
    notes.push_back(
        concat(pictures.size(), " of ", view.stored.count, " pictures were drawn; the rest was interrupted"));
  }
  const bool has_pictures = !pictures.empty();
  return map_value(
      {{"prompt", text_value(prompt)},
       {"all_prompts", list_made(pictures.size(), [&](size_t) { return text_value(prompt); })},
       {"negative_prompt", text_value(request.draw.negative_prompt)},
       {"all_negative_prompts",
        list_made(pictures.size(), [&](size_t) { return text_value(request.draw.negative_prompt); })},
       {"seed", sample::seed_value(*request.draw.seed)},
       {"all_seeds", list_made(pictures.size(), [&](size_t i) { return sample::seed_value(pictures[i].seed); })},
       {"subseed", sample::seed_value(request.subseed)},
       {"all_subseeds", list_made(pictures.size(), [&](size_t) { return sample::seed_value(request.subseed); })},
       {"subseed_strength", scalar_value(request.subseed_strength)},
       {"width", scalar_value(has_pictures ? pictures.front().width : width)},
       {"height", scalar_value(has_pictures ? pictures.front().height : height)},
       {"sampler_name", text_value(request.sampler)},
       {"cfg_scale", scalar_value(settings.sampler.guidance)},
       {"steps", scalar_value(settings.sampler.steps)},
       {"batch_size", scalar_value(request.batch_size)},
       {"restore_faces", scalar_value(false)},
       {"face_restoration_model", Value{}},
       {"sd_model_name", text_value(model.name)},
       {"sd_model_hash", text_value(model.hash)},
       {"sd_vae_name", Value{}},
       {"sd_vae_hash", Value{}},
       {"seed_resize_from_w", scalar_value(int64_t{-1})},
       {"seed_resize_from_h", scalar_value(int64_t{-1})},
       {"denoising_strength", request.draw.strength ? scalar_value(*request.draw.strength) : Value{}},
       {"extra_generation_params", map_value({})},
       {"index_of_first_image", scalar_value(int64_t{0})},
       {"infotexts", list_made(pictures.size(), [&](size_t i) { return text_value(infotext_of(pictures[i])); })},
       {"styles", texts(request.styles)},
       {"job_timestamp", text_value(timestamp(view.stored.created))},
       {"clip_skip", scalar_value(int64_t{1})},
       {"is_using_inpainting_conditioning", scalar_value(false)},
       {"version", text_value(concat("pixnerd ", context.version))},
       {"notes", texts(notes)}});
}

// What PNG calls text is Latin-1 where it does not say that it is UTF-8.
std::string as_utf8(const std::string& text) {
  if (is_utf8(text)) return text;
  std::string converted;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      converted += c;
    } else {
      converted += static_cast<char>(0xc0 | byte >> 6);
      converted += static_cast<char>(0x80 | (byte & 0x3f));
    }
  }
  return converted;
}

std::string unquoted(const std::string& text) {
  if (text.size() < 2 || text.front() != '"') return text;
  try {
    return config::parse_json(text, "infotext").scalar;
  } catch (const ConfigError&) {
    return text;
  }
}

}  // namespace

Value sdapi_reply(const Context& context, const JobView& view, const SdapiRequest& request) {
  const auto& pictures = view.stored.pictures;
  Value images = list_made(request.sends_images ? pictures.size() : 0,
                           [&](size_t i) { return text_value(http::base64(png_of(context, pictures[i]))); });
  return map_value({{"images", std::move(images)},
                    {"parameters", request.parameters},
                    {"info", text_value(config::to_json(info_value(context, view, request)))}});
}

Value infotext_parts(const std::string& text) {
  std::vector<std::string> lines;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  static const std::regex part(R"re(\s*(\w[\w \-/]*):\s*("(?:\\.|[^\\"])*"|[^,]*)(?:,|$))re");
  static const std::regex size(R"(^(\d+)x(\d+)$)");
  constexpr size_t kLongestLine = 2000;  // the library's expressions take stack for each character
  constexpr long kFewestParts = 3;
  std::string last = lines.back().size() <= kLongestLine ? lines.back() : "";
  if (std::distance(std::sregex_iterator(last.begin(), last.end(), part), std::sregex_iterator()) < kFewestParts) {
    last.clear();
  } else {
    lines.pop_back();
  }
  std::string prompt, negative;
  bool is_negative = false;
  constexpr std::string_view kNegative = "Negative prompt:";
  for (std::string line : lines) {
    if (line.starts_with(kNegative)) {
      is_negative = true;
      line.erase(0, line.find_first_not_of(' ', kNegative.size()));
    }
    std::string& target = is_negative ? negative : prompt;
    target += concat(target.empty() ? "" : "\n", line);
  }
  Value parts = map_value({{"Prompt", text_value(prompt)}, {"Negative prompt", text_value(negative)}});
  const auto put = [&](const std::string& key, const std::string& value) {
    if (parts.find(key) == nullptr) parts.fields.emplace_back(key, text_value(value));
  };
  for (std::sregex_iterator each(last.begin(), last.end(), part), end; each != end; ++each) {
    const std::string key = (*each)[1], value = unquoted((*each)[2]);
    std::smatch sides;
    if (std::regex_match(value, sides, size)) {
      put(key + "-1", sides[1]);
      put(key + "-2", sides[2]);
    } else {
      put(key, value);
    }
  }
  return parts;
}

Value png_info(const std::string& image, int64_t most_pixels) {
  std::string_view text = image;
  if (text.starts_with("data:")) text.remove_prefix(std::min(text.size(), text.find(',') + 1));
  std::string parameters, own;
  try {
    const std::string file = http::base64_decoded(text);
    const auto bytes = std::as_bytes(std::span(file));
    const image::Info info = image::inspect(bytes, "the image");
    if (int64_t{info.width} * info.height > most_pixels) {
      throw DataError(concat("the image has more pixels than ", most_pixels));
    }
    if (file.starts_with("\x89PNG")) {
      parameters = as_utf8(image::png_text(bytes, "the image", kParametersKeyword).value_or(""));
      own = as_utf8(image::png_text(bytes, "the image", sample::kRecordKeyword).value_or(""));
    }
  } catch (const DataError& error) {
    throw Refusal(400, "invalid_picture", error.what(), "image");
  }
  Value items = map_value({});
  if (!parameters.empty()) items.fields.emplace_back(kParametersKeyword, text_value(parameters));
  if (!own.empty()) items.fields.emplace_back(sample::kRecordKeyword, text_value(own));
  return map_value({{"info", text_value(parameters)},
                    {"items", std::move(items)},
                    {"parameters", parameters.empty() ? map_value({}) : infotext_parts(parameters)}});
}

}  // namespace pixnerd::serve
