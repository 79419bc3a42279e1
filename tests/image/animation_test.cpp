#include "image/animation.h"

#include <gtest/gtest.h>
#include <webp/demux.h>

#include <memory>

#include "core/errors.h"
#include "tests/image/pictures.h"

namespace pixnerd::image {
namespace {

struct Shown {
  Image image;
  int end_ms;
};

// What a browser shows, frame by frame, and how often it repeats.
std::vector<Shown> play(const std::vector<std::byte>& bytes, uint32_t& loops) {
  const WebPData data{reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()};
  const std::unique_ptr<WebPAnimDecoder, decltype(&WebPAnimDecoderDelete)> decoder(WebPAnimDecoderNew(&data, nullptr),
                                                                                   &WebPAnimDecoderDelete);
  if (!decoder) throw std::runtime_error("not a WebP animation");
  WebPAnimInfo info;
  WebPAnimDecoderGetInfo(decoder.get(), &info);
  loops = info.loop_count;
  std::vector<Shown> shown;
  while (WebPAnimDecoderHasMoreFrames(decoder.get())) {
    uint8_t* rgba = nullptr;
    int end_ms = 0;
    if (!WebPAnimDecoderGetNext(decoder.get(), &rgba, &end_ms)) throw std::runtime_error("damaged frame");
    Image image = blank(static_cast<int>(info.canvas_width), static_cast<int>(info.canvas_height));
    for (size_t i = 0; i < image.rgb.size() / 3; ++i) std::copy_n(rgba + 4 * i, 3, image.rgb.data() + 3 * i);
    shown.push_back({std::move(image), end_ms});
  }
  return shown;
}

std::vector<Image> noise_frames(int count) {
  std::vector<Image> frames;
  for (int i = 0; i < count; ++i) frames.push_back(noise(21, 13, 100 + i));
  return frames;
}

TEST(WebpAnimation, PlaysEveryFrameForItsTime) {
  const std::vector<Image> frames = noise_frames(5);
  uint32_t loops = 1;
  const std::vector<Shown> shown = play(encode_webp_animation(frames, 80, 1500), loops);
  ASSERT_EQ(shown.size(), frames.size());
  EXPECT_EQ(loops, 0u);  // for ever
  for (size_t i = 0; i < frames.size(); ++i) {
    EXPECT_EQ(distance(shown[i].image, frames[i]), 0) << "frame " << i;
    EXPECT_EQ(shown[i].end_ms, i < 4 ? 80 * static_cast<int>(i + 1) : 320 + 1500) << "frame " << i;
  }
}

TEST(WebpAnimation, JoinsEqualNeighbours) {
  std::vector<Image> frames = noise_frames(3);
  frames[1] = frames[0];
  uint32_t loops = 0;
  const std::vector<Shown> shown = play(encode_webp_animation(frames, 100, 100), loops);
  ASSERT_EQ(shown.size(), 2u);
  EXPECT_EQ(shown[0].end_ms, 200);
  EXPECT_EQ(shown[1].end_ms, 300);
}

TEST(WebpAnimation, IsSmallerWhenLossy) {
  const std::vector<Image> frames = noise_frames(4);
  EXPECT_LT(encode_webp_animation(frames, 80, 80, 60).size(), encode_webp_animation(frames, 80, 80).size() * 2 / 3);
}

TEST(WebpAnimation, OfOneFrameIsAPicture) {
  const std::vector<Image> frames = noise_frames(1);
  EXPECT_EQ(distance(decode(encode_webp_animation(frames, 80, 1000), "one frame"), frames[0]), 0);
}

TEST(WebpAnimation, IsWrittenToItsFile) {
  const TemporaryFolder folder;
  const std::vector<Image> frames = noise_frames(2);
  write_webp_animation(folder / "samples.webp", frames, 40, 400);
  EXPECT_EQ(bytes_of(folder / "samples.webp"), encode_webp_animation(frames, 40, 400));
  EXPECT_THROW(write_webp_animation(folder.path() / "absent" / "samples.webp", frames, 40, 400), DataError);
}

TEST(WebpAnimation, RefusesWhatItCannotShow) {
  std::vector<Image> frames = noise_frames(2);
  EXPECT_THROW(encode_webp_animation({}, 80, 80), DataError);
  EXPECT_THROW(encode_webp_animation(frames, 0, 80), DataError);
  EXPECT_THROW(encode_webp_animation(frames, 80, -1), DataError);
  EXPECT_THROW(encode_webp_animation(frames, 80, 1 << 24), DataError);
  EXPECT_THROW(encode_webp_animation(frames, 80, 80, 101), DataError);
  frames[1] = noise(20, 13, 5);
  EXPECT_THROW(encode_webp_animation(frames, 80, 80), DataError);
  EXPECT_THROW(encode_webp_animation(std::vector<Image>(2), 80, 80), DataError);
  EXPECT_THROW(encode_webp_animation(std::vector<Image>{blank(16384, 1)}, 80, 80), DataError);
}

}  // namespace
}  // namespace pixnerd::image
