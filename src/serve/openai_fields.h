// The fields of OpenAI's images API: its own words, and ours in the spellings that are in use.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "config/schema.h"
#include "diffusion/limits.h"
#include "serve/picture_format.h"

namespace pixnerd::serve {

// What these ask of OpenAI's service has no counterpart here, but its clients send them.
enum class ResponseFormat { b64_json, url };
enum class Background { automatic, opaque, transparent };
enum class Quality { automatic, low, medium, high, xhigh, max, standard, hd };
enum class Effort { automatic, low, medium, high };

std::span<const std::pair<const char*, ResponseFormat>> enum_names(ResponseFormat);
std::span<const std::pair<const char*, Background>> enum_names(Background);
std::span<const std::pair<const char*, Quality>> enum_names(Quality);
std::span<const std::pair<const char*, Effort>> enum_names(Effort);

inline constexpr int64_t kMostOpenaiPictures = 10, kMostPartialImages = 3;

// The fields that are OpenAI's own, or ours for want of one of theirs.
struct OpenaiFields {
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
    visit("n", self.n, "pictures", config::between(1, kMostOpenaiPictures));
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
          config::between(0, kMostPartialImages));
  }
};

// A body in its two parts.
struct OpenaiBody {
  OpenaiFields own;
  config::Value native;  // fields of DrawRequest, but those that `own` says in other words
};

// Null is nothing said, as the official client sends it. Refusal (400): a field that is none, with the nearest one; one
// that is said twice, in two spellings, as two things; values that are not as they must be.
OpenaiBody openai_body(const config::Value& body);

// Adds a field, in the spelling that it was sent in. Refusal (400): it is there already, as something else.
void put_once(config::Value& map, const std::string& key, const config::Value& value, const std::string& spelling);

}  // namespace pixnerd::serve
