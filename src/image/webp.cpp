// WebP by libwebp; the first frame of an animation by libwebpdemux.
#include <webp/decode.h>
#include <webp/demux.h>
#include <webp/encode.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "core/errors.h"
#include "core/text.h"
#include "image/formats.h"

namespace pixnerd::image {
namespace {

[[noreturn]] void fail(const std::string& name) {
  throw DataError(concat("picture ", quoted(name), ": damaged or truncated WebP"));
}

// Frames may cover a part of the canvas; what they leave free is transparent black.
Image decode_first_frame(const WebPData& data, const std::string& name, const DecodeLimits& limits,
                         std::optional<Colour> background) {
  WebPAnimDecoderOptions options;
  if (!WebPAnimDecoderOptionsInit(&options)) throw DataError("WebP: the library has another version than its headers");
  options.color_mode = MODE_RGBA;
  const std::unique_ptr<WebPAnimDecoder, decltype(&WebPAnimDecoderDelete)> decoder(WebPAnimDecoderNew(&data, &options),
                                                                                   &WebPAnimDecoderDelete);
  WebPAnimInfo info;
  if (!decoder || !WebPAnimDecoderGetInfo(decoder.get(), &info)) fail(name);
  check_decoded_size(info.canvas_width, info.canvas_height, name, limits);
  uint8_t* rgba = nullptr;
  int timestamp = 0;
  if (!WebPAnimDecoderGetNext(decoder.get(), &rgba, &timestamp)) fail(name);
  const auto width = static_cast<int>(info.canvas_width), height = static_cast<int>(info.canvas_height);
  const size_t bytes = static_cast<size_t>(width) * static_cast<size_t>(height) * 4;
  if (background) return composite(width, height, {rgba, rgba + bytes}, *background);
  return without_alpha(width, height, {rgba, rgba + bytes});
}

WebPBitstreamFeatures features_of(std::span<const std::byte> bytes, const std::string& name,
                                  const DecodeLimits& limits) {
  WebPBitstreamFeatures features;
  const auto* data = reinterpret_cast<const uint8_t*>(bytes.data());
  if (WebPGetFeatures(data, bytes.size(), &features) != VP8_STATUS_OK) fail(name);
  check_decoded_size(features.width, features.height, name, limits);
  return features;
}

int orientation_of(std::span<const std::byte> bytes) {
  const WebPData file{reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()};
  const std::unique_ptr<WebPDemuxer, decltype(&WebPDemuxDelete)> demuxer(WebPDemux(&file), &WebPDemuxDelete);
  WebPChunkIterator chunk{};
  if (!demuxer || WebPDemuxGetChunk(demuxer.get(), "EXIF", 1, &chunk) == 0) return 1;
  const int orientation = orientation_of_exif(std::as_bytes(std::span(chunk.chunk.bytes, chunk.chunk.size)));
  WebPDemuxReleaseChunkIterator(&chunk);
  return orientation;
}

Image decode_with_alpha(std::span<const std::byte> bytes, const WebPBitstreamFeatures& features,
                        const std::string& name, Colour background) {
  const size_t row_bytes = static_cast<size_t>(features.width) * 4;
  std::vector<uint8_t> rgba(row_bytes * static_cast<size_t>(features.height));
  const auto* data = reinterpret_cast<const uint8_t*>(bytes.data());
  if (!WebPDecodeRGBAInto(data, bytes.size(), rgba.data(), rgba.size(), static_cast<int>(row_bytes))) fail(name);
  return composite(features.width, features.height, std::move(rgba), background);
}

constexpr int kExact = 100;

}  // namespace

std::vector<std::byte> encode_webp(const Image& image, int quality) {
  check(image, "WebP");
  if (quality < 0 || quality > kExact) throw DataError(concat("WebP: quality is from 0 to 100, not ", quality));
  if (std::max(image.width, image.height) > WEBP_MAX_DIMENSION) {
    throw DataError(concat("WebP: no side may have more than ", WEBP_MAX_DIMENSION, " pixels; ", image.width, "x",
                           image.height, " has"));
  }
  uint8_t* file = nullptr;
  const auto stride = static_cast<int>(image.row_bytes());
  const size_t size = quality == kExact
                          ? WebPEncodeLosslessRGB(image.rgb.data(), image.width, image.height, stride, &file)
                          : WebPEncodeRGB(image.rgb.data(), image.width, image.height, stride,
                                          static_cast<float>(std::max(quality, 1)), &file);
  const std::unique_ptr<uint8_t, decltype(&WebPFree)> owned(file, &WebPFree);
  if (size == 0) throw DataError("WebP: cannot encode the picture");
  const auto* begin = reinterpret_cast<const std::byte*>(file);
  return {begin, begin + size};
}

Image decode_webp(std::span<const std::byte> bytes, const std::string& name, const DecodeLimits& limits,
                  std::optional<Colour> background) {
  const auto* data = reinterpret_cast<const uint8_t*>(bytes.data());
  const WebPBitstreamFeatures features = features_of(bytes, name, limits);
  if (features.has_animation) return decode_first_frame({data, bytes.size()}, name, limits, background);
  if (features.has_alpha && background) return decode_with_alpha(bytes, features, name, *background);
  Image image = blank(features.width, features.height);
  const auto stride = static_cast<int>(image.row_bytes());
  if (!WebPDecodeRGBInto(data, bytes.size(), image.rgb.data(), image.rgb.size(), stride)) fail(name);
  return image;
}

Info inspect_webp(std::span<const std::byte> bytes, const std::string& name, const DecodeLimits& limits) {
  const WebPBitstreamFeatures features = features_of(bytes, name, limits);
  Info info{features.width, features.height, features.has_alpha != 0};
  info.orientation = orientation_of(bytes);
  return info;
}

}  // namespace pixnerd::image
