#include "image/animation.h"

#include <webp/encode.h>
#include <webp/mux.h>

#include <cstdint>
#include <memory>
#include <ostream>

#include "core/errors.h"
#include "core/file.h"
#include "core/text.h"

namespace pixnerd::image {
namespace {

constexpr int kLongestDuration = (1 << 24) - 1;  // a frame's duration has 24 bits

void require(bool fine, const char* what) {
  if (!fine) throw DataError(concat("animation: ", what));
}

void check_arguments(std::span<const Image> frames, int milliseconds_per_frame, int last_frame_hold_ms, int quality) {
  require(!frames.empty(), "there is no frame to show");
  for (const Image& frame : frames) {
    check(frame, "animation");
    require(frame.width == frames[0].width && frame.height == frames[0].height, "all frames must have one size");
  }
  require(frames[0].width <= WEBP_MAX_DIMENSION && frames[0].height <= WEBP_MAX_DIMENSION,
          "WebP holds no side of more than 16383 pixels: make the frames smaller");
  for (const int duration : {milliseconds_per_frame, last_frame_hold_ms}) {
    require(duration >= 1 && duration <= kLongestDuration, "a frame's duration must be from 1 to 16777215 ms");
  }
  require(quality >= 0 && quality <= kLossless, "quality must be from 0 to 100");
  const auto shown = static_cast<int64_t>(frames.size() - 1) * milliseconds_per_frame + last_frame_hold_ms;
  require(shown <= INT32_MAX, "all frames together last longer than WebP can say");
}

WebPConfig encoder_config(int quality) {
  constexpr int kLosslessEffort = 6;  // of 0..9; higher is slower and little smaller
  WebPConfig config;
  require(WebPConfigInit(&config), "the WebP library has another version than its headers");
  if (quality == kLossless) {
    require(WebPConfigLosslessPreset(&config, kLosslessEffort), "WebP refuses its own lossless settings");
  } else {
    config.quality = static_cast<float>(quality);
    config.use_sharp_yuv = 1;
  }
  return config;
}

class Picture {
 public:
  explicit Picture(const Image& frame) {
    require(WebPPictureInit(&picture_), "the WebP library has another version than its headers");
    picture_.use_argb = 1;
    picture_.width = frame.width;
    picture_.height = frame.height;
    if (!WebPPictureImportRGB(&picture_, frame.rgb.data(), static_cast<int>(frame.row_bytes()))) {
      WebPPictureFree(&picture_);
      throw DataError("animation: out of memory");
    }
  }
  ~Picture() { WebPPictureFree(&picture_); }
  Picture(const Picture&) = delete;
  Picture& operator=(const Picture&) = delete;

  WebPPicture* get() { return &picture_; }

 private:
  WebPPicture picture_;
};

// WebP's own buffer, freed by its own function.
struct Encoded {
  WebPData data{};
  ~Encoded() { WebPDataClear(&data); }
};

}  // namespace

std::vector<std::byte> encode_webp_animation(std::span<const Image> frames, int milliseconds_per_frame,
                                             int last_frame_hold_ms, int quality) {
  check_arguments(frames, milliseconds_per_frame, last_frame_hold_ms, quality);
  WebPAnimEncoderOptions options;
  require(WebPAnimEncoderOptionsInit(&options), "the WebP library has another version than its headers");
  options.anim_params.loop_count = 0;  // for ever
  const std::unique_ptr<WebPAnimEncoder, decltype(&WebPAnimEncoderDelete)> encoder(
      WebPAnimEncoderNew(frames[0].width, frames[0].height, &options), &WebPAnimEncoderDelete);
  require(encoder != nullptr, "out of memory");
  const auto require_encoded = [&](int status) { require(status, WebPAnimEncoderGetError(encoder.get())); };

  const WebPConfig config = encoder_config(quality);
  int timestamp = 0;
  for (const Image& frame : frames) {
    Picture picture(frame);
    require_encoded(WebPAnimEncoderAdd(encoder.get(), picture.get(), timestamp, &config));
    timestamp += milliseconds_per_frame;
  }
  const int end = timestamp - milliseconds_per_frame + last_frame_hold_ms;
  require_encoded(WebPAnimEncoderAdd(encoder.get(), nullptr, end, nullptr));
  Encoded encoded;
  require_encoded(WebPAnimEncoderAssemble(encoder.get(), &encoded.data));
  const auto* begin = reinterpret_cast<const std::byte*>(encoded.data.bytes);
  return {begin, begin + encoded.data.size};
}

void write_webp_animation(const std::filesystem::path& path, std::span<const Image> frames, int milliseconds_per_frame,
                          int last_frame_hold_ms, int quality) {
  const std::vector<std::byte> bytes =
      encode_webp_animation(frames, milliseconds_per_frame, last_frame_hold_ms, quality);
  write_file_atomically(path, [&](std::ostream& out) {
    out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  });
}

}  // namespace pixnerd::image
