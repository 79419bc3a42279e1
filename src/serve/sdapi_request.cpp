#include "serve/sdapi_request.h"

#include <algorithm>
#include <cmath>
#include <regex>
#include <span>
#include <tuple>

#include "config/member.h"
#include "config/scalar.h"
#include "core/errors.h"
#include "core/text.h"
#include "http/base64.h"
#include "http/secret.h"
#include "image/codec.h"
#include "serve/alpha_mask.h"
#include "serve/answers.h"
#include "serve/class_prompt.h"
#include "serve/refusal.h"
#include "serve/sdapi_body.h"
#include "serve/sdapi_names.h"

namespace pixnerd::serve {
namespace {

using config::scalar_value;
using config::text_value;
using config::Value;

constexpr double kMostGuidance = 30;     // as the web UI has it
constexpr double kLeastStrength = 0.01;  // of a picture that is drawn from another one
constexpr size_t kMostNotes = 100;

uint64_t random_seed() {
  return std::stoull(http::random_hex(4), nullptr, 16);
}

class Translation {
 public:
  Translation(const Value& body, bool is_img2img, const Catalogue& catalogue, const RequestLimits& limits)
      : body_(body), is_img2img_(is_img2img), catalogue_(catalogue), limits_(limits) {}

  SdapiRequest translate(const std::string& chosen, const Value& whole) {
    take_model(chosen);
    take_prompt();
    take_count();
    take_seeds();
    take_sampler();
    if (is_img2img_) take_picture();
    take_size();
    if (body_.flag("tiling").value_or(false)) set("tile", text_value("xy"));
    request_.sends_images = body_.flag("send_images").value_or(true);
    take_rest();
    say_back(whole);
    return std::move(request_);
  }

 private:
  DrawRequest& draw() { return request_.draw; }

  void note(const std::string& sentence) {
    if (request_.notes.size() < kMostNotes) request_.notes.push_back(sentence);
  }

  void set(const char* key, Value value) { draw().settings.fields.emplace_back(key, std::move(value)); }

  void take_model(const std::string& chosen) {
    std::string title = chosen;
    if (const Value* const settings = body_.map("override_settings")) {
      SdapiBody overrides(*settings);
      title = overrides.text("sd_model_checkpoint").value_or(chosen);
      overrides.leave_out({"sd_checkpoint_hash"});
      for (const std::string& key : overrides.passed_over()) note(concat("override_settings.", key, " is passed over"));
    }
    model_ = &model_titled(title, catalogue_);
    draw().model = model_->name;
  }

  // Additional networks are named in the prompt: "<lora:name:weight>".
  std::string without_tags(const std::string& prompt) {
    static const std::regex tag("<(lora|lyco|hypernet|embed):([^<>:]{0,200})[^<>]{0,200}>");
    std::string rest;
    auto begin = prompt.cbegin();
    for (std::sregex_iterator each(prompt.begin(), prompt.end(), tag), end; each != end; ++each) {
      rest.append(begin, (*each)[0].first);
      begin = (*each)[0].second;
      note(concat("the ", (*each)[1].str(), " ", quoted((*each)[2].str()),
                  " is not here and was taken out of the prompt"));
    }
    return rest.append(begin, prompt.cend());
  }

  void take_prompt() {
    std::string prompt = body_.text("prompt").value_or("");
    if (prompt.size() <= kLongestPrompt) prompt = without_tags(prompt);
    draw().prompt = prompt;
    const std::string negative = body_.text("negative_prompt").value_or("");
    if (model_->takes_text()) {
      draw().negative_prompt = negative.size() <= kLongestPrompt ? without_tags(negative) : negative;
    } else if (!is_blank(negative)) {
      note("negative_prompt is passed over; this model draws classes");
    }
    for (const std::string& style : body_.texts("styles")) take_style(style);
    split_class_prompt(draw(), *model_);
  }

  static bool is_blank(const std::string& text) { return text.find_first_not_of(" \t\r\n") == std::string::npos; }

  void take_style(const std::string& style) {
    const std::string known = style_named(style, *model_);
    if (known.empty()) {
      if (!is_blank(style)) note(concat("the style ", quoted(style), " is passed over"));
      return;
    }
    if (draw().style.kind != Value::Kind::null)
      return note(concat("the style ", quoted(known), " is passed over; another one is named"));
    draw().style = text_value(known);
    request_.styles.push_back(known);
  }

  void take_count() {
    request_.batch_size = body_.whole("batch_size").value_or(1);
    const int64_t batches = body_.whole("n_iter").value_or(1);
    const auto is_fine = [](int64_t count) { return count >= 1 && count <= kMostPicturesOfJob; };
    if (!is_fine(request_.batch_size) || !is_fine(batches) || !is_fine(request_.batch_size * batches)) {
      throw Refusal(422, "too_many_pictures",
                    concat("batch_size times n_iter must be from 1 to ", kMostPicturesOfJob, " pictures"),
                    "batch_size");
    }
    draw().count = request_.batch_size * batches;
  }

  static uint64_t seed_of(std::optional<int64_t> seed) {
    return seed && *seed >= 0 ? static_cast<uint64_t>(*seed) : random_seed();
  }

  void take_seeds() {
    draw().seed = seed_of(body_.whole("seed"));
    request_.subseed = seed_of(body_.whole("subseed"));
    const double strength = body_.number("subseed_strength").value_or(0);
    request_.subseed_strength = std::clamp(strength, 0.0, 1.0);
    if (strength != request_.subseed_strength)
      note(concat("subseed_strength ", strength, " became ", request_.subseed_strength));
    if (request_.subseed_strength > 0)
      draw().variation = sample::Variation{request_.subseed, request_.subseed_strength};
  }

  void take_sampler() {
    const sample::SampleConfig& stored = model_->description.sample;
    diffusion::SolverKind solver = stored.sampler.solver;
    const std::string asked = body_.text("sampler_name").value_or(body_.text("sampler_index").value_or(""));
    if (const auto nearest = nearest_sampler(asked)) {
      solver = nearest->solver;
      if (!nearest->is_itself) note(concat("the sampler ", quoted(asked), " became ", sampler_name(solver)));
    } else if (!asked.empty() && asked != "None" && ascii_lower(asked) != "automatic") {
      note(concat("the sampler ", quoted(asked), " is not known; ", sampler_name(solver), ", the model's own, draws"));
    }
    request_.sampler = sampler_name(solver);
    if (solver != stored.sampler.solver) {
      // What is stored beside a solver need not go together with another one.
      set("solver", text_value(config::enum_name(solver)));
      for (const char* const key : {"stochastic", "last_step_stochastic"}) set(key, text_value("none"));
      set("reuse", scalar_value(int64_t{1}));
    }
    take_steps();
    if (const auto guidance = body_.number("cfg_scale")) {
      set("guidance", scalar_value(clamped("cfg_scale", *guidance, 0.0, kMostGuidance)));
    }
  }

  void take_steps() {
    const auto steps = body_.whole("steps");
    if (!steps) return;
    set("steps", scalar_value(clamped("steps", *steps, int64_t{1}, limits_.steps)));
  }

  template <class Number>
  Number clamped(const char* key, Number value, Number low, Number high) {
    const Number within = std::clamp(value, low, high);
    if (within != value) note(concat(key, " ", value, " became ", within));
    return within;
  }

  void take_size() {
    auto width = body_.whole("width"), height = body_.whole("height");
    if (!width && !height && is_img2img_) std::tie(width, height) = size_of_picture();
    if (!width && !height) return;
    const auto& own = model_->description.sample.size;
    const auto side = [](std::optional<int64_t> asked, int64_t usual) {
      return asked && *asked >= 1 ? std::min(*asked, diffusion::kLongestSide) : usual;
    };
    const std::array<int64_t, 2> wanted{side(width, own[0]), side(height, own[1])};
    const auto size = size_near(wanted, *model_, limits_);
    const auto is = [](std::optional<int64_t> asked, int64_t drawn) { return !asked || *asked == drawn; };
    if (!is(width, size[0]) || !is(height, size[1])) {
      note(concat("the size ", width.value_or(own[0]), "x", height.value_or(own[1]), " became ", size[0], "x", size[1],
                  ", which the model draws well"));
    }
    Value list = list_of({});
    for (const int64_t each : size) list.items.push_back(scalar_value(each));
    set("size", std::move(list));
    if (model_->description.sample.decode_size) set("decode_size", Value{});
  }

  // Nothing of what is no picture, which is refused where it is read.
  std::pair<std::optional<int64_t>, std::optional<int64_t>> size_of_picture() {
    try {
      const std::string file = http::base64_decoded(without_scheme(draw().image));
      const image::Info info = image::inspect(std::as_bytes(std::span(file)), "the image");
      const bool is_turned = info.orientation >= 5;
      return {is_turned ? info.height : info.width, is_turned ? info.width : info.height};
    } catch (const DataError&) {
      return {};
    }
  }

  // The digits of a data URL.
  static std::string_view without_scheme(const std::string& text) {
    std::string_view digits = text;
    if (digits.starts_with("data:")) digits.remove_prefix(std::min(digits.size(), digits.find(',') + 1));
    return digits;
  }

  void take_picture() {
    const std::vector<std::string> pictures = body_.texts("init_images");
    if (pictures.empty() || pictures.front().empty()) {
      throw Refusal(404, "missing_image", "Init image not found: init_images has none", "init_images");
    }
    if (pictures.size() > 1) note(concat("of ", pictures.size(), " init_images the first one is drawn from"));
    draw().image = pictures.front();
    const double strength = body_.number("denoising_strength").value_or(0.75);
    draw().strength = clamped("denoising_strength", strength, kLeastStrength, 1.0);
    if (const auto resize = body_.whole("resize_mode"); resize && *resize >= 2) {
      note(concat("resize_mode ", *resize, " became 1: the picture is cut to the size"));
    }
    take_mask();
  }

  void take_mask() {
    const std::string mask = body_.text("mask").value_or("");
    const int64_t inverted = body_.whole("inpainting_mask_invert").value_or(0);
    const bool is_part = body_.flag("inpaint_full_res").value_or(false);
    const double blur = body_.number("mask_blur").value_or(0);
    body_.leave_out({"inpaint_full_res_padding"});
    if (mask.empty()) return;
    draw().invert_mask = inverted != 0;
    if (is_part) note("inpaint_full_res is passed over; the picture is drawn whole, at its own size");
    if (blur > 0) note("mask_blur is passed over; grey parts of a mask are soft");
    draw().mask = mask;
    if (mask.front() == '/') return;  // one that is here already
    try {
      const std::string file = http::base64_decoded(without_scheme(mask));
      const auto alpha = mask_of_alpha(file, DrawnAnew::opaque, limits_.input_pixels, "mask");
      if (alpha) draw().mask = http::base64(*alpha);
    } catch (const DataError& error) {
      throw Refusal(400, "invalid_picture", error.what(), "mask");
    }
  }

  // What belongs to a second pass at a higher resolution is said once.
  void take_rest() {
    if (body_.flag("enable_hr").value_or(false)) note("enable_hr is passed over; there is no second pass");
    body_.leave_out({"hr_scale", "hr_upscaler", "hr_second_pass_steps", "hr_resize_x", "hr_resize_y",
                     "hr_checkpoint_name", "hr_sampler_name", "hr_scheduler", "hr_prompt", "hr_negative_prompt",
                     "hr_additional_modules", "hr_cfg", "firstphase_width", "firstphase_height", "denoising_strength"});
    for (const std::string& key : body_.passed_over()) note(concat(key, " is passed over"));
  }

  void say_back(const Value& whole) {
    const bool with_pictures = body_.flag("include_init_images").value_or(false);
    request_.parameters = whole;
    for (auto& [key, value] : request_.parameters.fields) {
      if (!with_pictures && (key == "init_images" || key == "mask")) value = Value{};
    }
  }

  SdapiBody body_;
  const bool is_img2img_;
  const Catalogue& catalogue_;
  const RequestLimits& limits_;
  const ServedModel* model_ = nullptr;
  SdapiRequest request_;
};

}  // namespace

SdapiRequest sdapi_request(const Value& body, bool is_img2img, const std::string& model, const Catalogue& catalogue,
                           const RequestLimits& limits) {
  return Translation(body, is_img2img, catalogue, limits).translate(model, body);
}

}  // namespace pixnerd::serve
