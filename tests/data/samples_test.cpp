#include "data/samples.h"

#include <map>
#include <numeric>
#include <set>
#include <utility>

#include "data/augmentation.h"
#include "image/crop.h"
#include "image/pixels.h"
#include "tests/data/folders.h"

namespace pixnerd::data {
namespace {

struct Sample {
  std::vector<float> chw;
  int64_t label;

  bool operator==(const Sample&) const = default;
};

Sample read(SampleSequence& samples, int64_t position, int64_t side = 8) {
  Sample sample{std::vector<float>(static_cast<size_t>(3 * side * side)), 0};
  sample.label = samples.set().label(samples.read(position, side, sample.chw.data()));
  return sample;
}

std::vector<int> marks(SampleSequence& samples, const std::vector<int64_t>& positions) {
  std::vector<int> found;
  for (const int64_t position : positions) found.push_back(mark_of(read(samples, position).chw.data()));
  return found;
}

TEST(SampleSequence, AnEpochHoldsEveryPictureOnceWithItsLabel) {
  TemporaryFolder folder;
  write_data_set(folder, 3, 4);
  SampleSequence samples(folder_at(folder.path()), small_config(), 5);
  std::set<int> found;
  for (int64_t position = 12; position < 24; ++position) {
    const Sample sample = read(samples, position);
    const int mark = mark_of(sample.chw.data());
    EXPECT_EQ(sample.label, (mark - 1) / 4);
    found.insert(mark);
    std::vector<float> expected(sample.chw.size());
    image::to_model_range(marked_picture(8, mark).rgb, 8, 8, expected.data());
    EXPECT_EQ(sample.chw, expected);
  }
  EXPECT_EQ(found.size(), 12u);
}

TEST(SampleSequence, AugmentsByPosition) {
  TemporaryFolder folder;
  write_data_set(folder, 1, 1);
  DataConfig config = small_config();
  config.shift_pixels = 3;
  config.horizontal_flip = true;
  SampleSequence samples(folder_at(folder.path()), config, 5);
  std::set<std::vector<float>> different;
  for (int64_t position = 0; position < 40; ++position) {
    const image::Image expected = augment(marked_picture(8, 1), draw_augmentation(config, 5, position));
    std::vector<float> chw(size_t{3} * 8 * 8);
    image::to_model_range(expected.rgb, 8, 8, chw.data());
    EXPECT_EQ(read(samples, position).chw, chw);
    different.insert(chw);
  }
  EXPECT_GT(different.size(), 20u);
}

TEST(SampleSequence, ShiftsGrowWithTheSize) {
  TemporaryFolder folder;
  write_picture(folder / "a/1.png", marked_picture(16, 1));
  DataConfig config = small_config();
  config.more_sizes = {16, 4};
  config.shift_pixels = 2;
  SampleSequence samples(folder_at(folder.path()), config, 5);
  for (int64_t position = 0; position < 20; ++position) {
    for (const auto& [side, most] : {std::pair{16, 4}, {8, 2}, {4, 1}}) {
      DataConfig alone = config;
      alone.more_sizes.clear();
      alone.image_size = side;
      alone.shift_pixels = most;
      const image::Image square = image::adm_center_crop(marked_picture(16, 1), side);
      const image::Image expected = augment(square, draw_augmentation(alone, 5, position));
      std::vector<float> chw(expected.rgb.size());
      image::to_model_range(expected.rgb, side, side, chw.data());
      EXPECT_EQ(read(samples, position, side).chw, chw);
    }
  }
}

TEST(SampleSequence, ACacheChangesNothing) {
  TemporaryFolder folder;
  write_data_set(folder, 2, 5, 19);
  DataConfig config = small_config();
  config.shift_pixels = 2;
  config.horizontal_flip = true;
  SampleSequence plain(folder_at(folder.path()), config, 5);
  config.cache_megabytes = 1;
  SampleSequence cached(folder_at(folder.path()), config, 5);
  for (int64_t position = 0; position < 50; ++position) EXPECT_EQ(read(plain, position), read(cached, position));
}

TEST(SampleSequence, TheNextReadablePictureOfTheEpochStandsInForABrokenOne) {
  TemporaryFolder folder;
  write_data_set(folder, 2, 5);
  SampleSequence whole(folder_at(folder.path()), small_config(), 5);
  std::vector<int64_t> forwards(30);
  std::iota(forwards.begin(), forwards.end(), 0);
  std::vector<int> expected = marks(whole, forwards);
  const std::vector<int> original = expected;
  const std::set<int> broken = {2, 3, 9};
  for (const int mark : broken) {
    write_text(folder / ((mark <= 5 ? "a/" : "b/") + std::to_string(99 + mark) + ".png"), "broken");
  }
  for (size_t i = 0; i < expected.size(); ++i) {
    for (size_t step = 0; broken.contains(expected[i]); ++step) {
      expected[i] = original[i / 10 * 10 + (i + step) % 10];
    }
  }
  CapturedLog log;
  SampleSequence damaged(folder_at(folder.path()), small_config(), 5);
  EXPECT_EQ(marks(damaged, forwards), expected);
  EXPECT_EQ(damaged.broken(), 3);
  EXPECT_EQ(log.lines().size(), 3u);

  SampleSequence again(folder_at(folder.path()), small_config(), 5);
  const std::vector<int64_t> backwards(forwards.rbegin(), forwards.rend());
  EXPECT_EQ(marks(again, backwards), std::vector<int>(expected.rbegin(), expected.rend()));
}

TEST(SampleSequence, ASetInWhichNothingCanBeReadIsAnError) {
  TemporaryFolder folder;
  for (const char* name : {"a/1.png", "a/2.jpg", "b/3.webp"}) write_text(folder / name, "broken");
  CapturedLog log;
  SampleSequence samples(folder_at(folder.path()), small_config(), 5);
  const std::string message = error_of([&] { read(samples, 0); });
  expect_contains(message, folder.path().string());
  expect_contains(message, "none of its 3 pictures");
  EXPECT_EQ(samples.broken(), 3);
  EXPECT_EQ(log.lines().size(), 3u);
}

TEST(SampleSequence, SaysOnceWhatIsDoneWithThePictures) {
  TemporaryFolder folder;
  write_data_set(folder, 1, 2);
  std::filesystem::copy("tests/image/data/exif6.png", folder / "a/turned.png");
  CapturedLog log;
  const DataConfig config = small_config();
  std::vector<float> chw(size_t{3} * 8 * 8);
  {
    SampleSequence samples(folder_at(folder.path()), config, 1);
    for (int64_t i = 0; i < 3; ++i) samples.read(i, 8, chw.data());
    samples.read(3, 8, chw.data());
    EXPECT_EQ(log.lines().size(), 1u);
    expect_contains(log.lines().at(0), "1 of 3 pictures has an EXIF orientation, which is ignored");
  }
  EXPECT_EQ(log.lines().size(), 1u);
}

TEST(SampleSequence, TurnsPicturesAsExifSaysIfAsked) {
  TemporaryFolder folder;
  std::filesystem::create_directories(folder / "a");
  std::filesystem::copy("tests/image/data/exif6.png", folder / "a/turned.png");
  DataConfig config = small_config();
  const image::Image lying = folder_at(folder.path(), config)->read(0);
  config.orientation = Orientation::exif;
  const image::Image turned = folder_at(folder.path(), config)->read(0);
  EXPECT_EQ(turned.width, lying.height);
  EXPECT_EQ(turned.height, lying.width);
}

}  // namespace
}  // namespace pixnerd::data
