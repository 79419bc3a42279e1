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

TEST(DataConfig, RefusesWhatCannotBe) {
  expect_contains(error_of<ConfigError>([] { read_text("image_size: 8\nshift_pixels: 8\n"); }), "shift_pixels 8");
  EXPECT_EQ(read_text("image_size: 8\nshift_pixels: 7\n").shift_pixels, 7);
  for (const char* text : {"image_size: 0", "workers: 0", "workers: 257", "cache_megabytes: -1", "shift_pixels: -1",
                           "crop: square", "image_size: 16385"}) {
    const std::string key = std::string(text).substr(0, std::string_view(text).find(':'));
    expect_contains(error_of<ConfigError>([&] { read_text(text); }), key);
  }
}

}  // namespace
}  // namespace pixnerd::data
