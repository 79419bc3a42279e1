#include "data/config.h"

#include "tests/data/folders.h"

namespace pixnerd::data {
namespace {

DataConfig read_text(std::string_view text) {
  DataConfig result;
  config::read(config::parse(text, "x.yaml"), result);
  return result;
}

TEST(DataConfig, ReadsEveryKey) {
  const DataConfig config = read_text(
      "path: pets\nimage_size: 64\ncrop: resize\nshift_pixels: 3\nhorizontal_flip: true\nworkers: 5\n"
      "cache_megabytes: 100\n");
  EXPECT_EQ(config.path, "pets");
  EXPECT_EQ(config.image_size, 64);
  EXPECT_EQ(config.crop, Crop::resize);
  EXPECT_EQ(config.shift_pixels, 3);
  EXPECT_TRUE(config.horizontal_flip);
  EXPECT_EQ(config.workers, 5);
  EXPECT_EQ(config.cache_megabytes, 100);
  EXPECT_EQ(config::dump(read_text(config::dump(config))), config::dump(config));
}

TEST(DataConfig, OfSeveralSizesTheFirstIsThatOfPreviews) {
  const DataConfig config = read_text("image_size: 64\nshift_pixels: 2\nmore_sizes: [128, 32]\n");
  EXPECT_EQ(config.sizes(), (std::vector<int64_t>{64, 128, 32}));
  EXPECT_EQ(config.largest_size(), 128);
  EXPECT_EQ(config.at_size(128).shift_pixels, 4);
  EXPECT_EQ(config.at_size(32).shift_pixels, 1);
  EXPECT_EQ(config.at_size(128).sizes(), std::vector<int64_t>{128});
  EXPECT_EQ(config::dump(read_text(config::dump(config))), config::dump(config));
}

TEST(DataConfig, RefusesWhatCannotBe) {
  expect_contains(error_of<ConfigError>([] { read_text("image_size: 8\nshift_pixels: 8\n"); }), "shift_pixels 8");
  EXPECT_EQ(read_text("image_size: 8\nshift_pixels: 7\n").shift_pixels, 7);
  const auto refused = [](const char* text) { return error_of<ConfigError>([&] { read_text(text); }); };
  expect_contains(refused("image_size: 8\nmore_sizes: [16, 8]"), "image_size and more_sizes have 8 twice");
  expect_contains(refused("image_size: 8\nmore_sizes: [16, 24, 16]"), "have 16 twice");
  expect_contains(refused("more_sizes_share: 0.5"), "there are no more_sizes");
  expect_contains(refused("image_size: 8\nmore_sizes: [16]\nmore_sizes_share: 0"), "more_sizes_share is 0");
  expect_contains(refused("more_sizes: [0]"), "more_sizes");
  expect_contains(refused("image_size: 8\nmore_sizes: [16]\nmore_sizes_share: 1.5"), "more_sizes_share");
  for (const char* text : {"image_size: 0", "workers: 0", "workers: 257", "cache_megabytes: -1", "shift_pixels: -1",
                           "crop: square", "image_size: 16385"}) {
    const std::string key = std::string(text).substr(0, std::string_view(text).find(':'));
    expect_contains(error_of<ConfigError>([&] { read_text(text); }), key);
  }
}

}  // namespace
}  // namespace pixnerd::data
