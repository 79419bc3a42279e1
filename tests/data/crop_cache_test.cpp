#include "data/crop_cache.h"

#include <ATen/ops/equal.h>

#include <atomic>
#include <chrono>
#include <optional>
#include <thread>

#include "core/file.h"
#include "core/file_lock.h"
#include "core/text.h"
#include "data/loader.h"
#include "data/pack.h"
#include "data/pictures.h"
#include "tests/data/folders.h"

namespace pixnerd::data {
namespace {

image::Image photograph(int width, int height, int mark) {
  image::Image picture = image::blank(width, height);
  for (size_t i = 0; i < picture.rgb.size(); ++i) {
    picture.rgb[i] = static_cast<uint8_t>(i * i / 7 + i / 900 * static_cast<size_t>(mark + 3));
  }
  return picture;
}

// Class folders of wide and high pictures, one of them broken and one with something to be said of it.
class CropCacheTest : public testing::Test {
 protected:
  CropCacheTest() {
    for (int i = 0; i < 12; ++i) {
      const std::string name = concat("pictures/", i % 2 == 0 ? "a" : "b", "/", i, ".png");
      write_picture(folder_ / name, i % 3 == 0 ? photograph(50, 31, i) : photograph(23, 40, i));
    }
    write_text(folder_ / "pictures/a/broken.png", "no picture");
    std::filesystem::copy("tests/image/data/exif6.png", folder_ / "pictures/b/turned.png");
    config_.path = (folder_ / "pictures").string();
    config_.image_size = 16;
    config_.horizontal_flip = true;
    config_.shift_pixels = 2;
    config_.scale_percent = 10;
    cached_ = config_;
    cached_.cache = cache().string();
  }

  std::filesystem::path cache() const { return folder_ / "kept/squares"; }

  // More than two epochs.
  std::vector<Batch> batches(const DataConfig& config) {
    BatchLoader loader(open_pictures(config), config, 8, 3);
    std::vector<Batch> taken;
    for (int i = 0; i < 4; ++i) taken.push_back(loader.next());
    return taken;
  }

  void expect_same(const std::vector<Batch>& a, const std::vector<Batch>& b) {
    for (size_t i = 0; i < a.size(); ++i) {
      EXPECT_TRUE(at::equal(a[i].images, b[i].images));
      EXPECT_TRUE(at::equal(a[i].labels, b[i].labels));
      EXPECT_EQ(a[i].pictures, b[i].pictures);
    }
  }

  std::string refusal(const DataConfig& config) {
    return error_of([&] { open_pictures(config); });
  }

  TemporaryFolder folder_;
  DataConfig config_, cached_;
  CapturedLog log_;
};

TEST_F(CropCacheTest, BatchesAreTheSameToTheByteOfFoldersAndShards) {
  NoProgress silent;
  PackOptions options;
  options.shard_bytes = 20'000;
  pack(ImageFolder(config_), folder_ / "shards", options, silent);
  for (const char* set : {"pictures", "shards"}) {
    for (const Crop crop : {Crop::adm, Crop::resize}) {
      SCOPED_TRACE(set);
      config_.path = cached_.path = (folder_ / set).string();
      config_.crop = cached_.crop = crop;
      cached_.cache = (folder_ / concat(set, static_cast<int>(crop))).string();
      const std::vector<Batch> expected = batches(config_);
      expect_same(batches(cached_), expected);  // makes it
      expect_same(batches(cached_), expected);
    }
  }
}

TEST_F(CropCacheTest, OfSeveralSizesItHasTheLargest) {
  config_.more_sizes = cached_.more_sizes = {8, 24};
  config_.more_sizes_share = cached_.more_sizes_share = 0.7;
  const std::vector<Batch> expected = batches(config_);
  expect_same(batches(cached_), expected);  // makes it
  expect_same(batches(cached_), expected);
  DataConfig alone = cached_;
  alone.image_size = 24;
  alone.more_sizes.clear();
  alone.more_sizes_share.reset();
  EXPECT_NO_THROW(open_pictures(alone));  // the same squares
  alone.image_size = 16;
  expect_contains(refusal(alone), "image_size");
}

TEST_F(CropCacheTest, DecodesNothingOnceItIsThere) {
  const std::vector<Batch> expected = batches(cached_);
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_ / "pictures")) {
    if (!entry.is_regular_file()) continue;
    const auto name = entry.path().filename();
    // All but those that are compared when it is opened.
    if (name == "2.png" || name == "5.png") write_text(entry.path(), "lost");
  }
  config_.path = cached_.path;
  const auto set = with_cache(open_pictures(config_), cached_, StopRequested{});
  CroppedPictures pictures(set, cached_);
  int found = 0;
  for (int64_t i = 0; i < set->size(); ++i) found += pictures.find(i) != nullptr;
  EXPECT_EQ(found, 13);
  EXPECT_EQ(pictures.broken(), 1);
}

TEST_F(CropCacheTest, SaysOfPicturesWhatIsSaidWithoutIt) {
  batches(config_);
  const std::vector<std::string> expected = log_.lines();
  batches(cached_);
  const size_t before = log_.lines().size();
  batches(cached_);
  const std::vector<std::string> all = log_.lines();
  EXPECT_EQ(std::vector<std::string>(all.begin() + static_cast<std::ptrdiff_t>(before), all.end()), expected);
  EXPECT_EQ(expected.size(), 2u);  // one is broken, one is turned
}

TEST_F(CropCacheTest, IsRefusedWhereItDoesNotFitAndLeftAsItIs) {
  open_pictures(cached_);
  const std::string before = read_file(cache(), 1 << 20);
  DataConfig other = cached_;
  other.image_size = 8;
  expect_contains(refusal(other), "'image_size 16'");
  other = cached_;
  other.crop = Crop::resize;
  expect_contains(refusal(other), "has 'crop adm', the data set 'crop resize'; remove it, or name another file");
  other = cached_;
  other.background = {0, 0, 0};
  expect_contains(refusal(other), "'background none'");
  other = cached_;
  other.orientation = Orientation::exif;
  expect_contains(refusal(other), "'orientation ignored'");
  other = cached_;
  other.include = {"a"};
  expect_contains(refusal(other), "is of other pictures");
  other = cached_;
  other.styles = true;  // labels do not matter
  EXPECT_NO_THROW(open_pictures(other));
  EXPECT_TRUE(read_file(cache(), 1 << 20) == before);
}

TEST_F(CropCacheTest, OtherPicturesUnderTheSameNamesAreFound) {
  open_pictures(cached_);
  for (int i = 0; i < 12; i += 2) write_picture(folder_ / concat("pictures/a/", i, ".png"), photograph(31, 50, i + 1));
  expect_contains(refusal(cached_), "have changed");
}

TEST_F(CropCacheTest, MayNotLieInTheDataSet) {
  cached_.cache = (folder_ / "pictures/squares").string();
  expect_contains(refusal(cached_), "lies in the data set");
}

TEST_F(CropCacheTest, IsGoneOnWithAfterAStop) {
  open_pictures(cached_);
  const std::string expected = read_file(cache(), 1 << 20);
  std::filesystem::remove(cache());
  int asked = 0;
  EXPECT_THROW(open_pictures(cached_, Tell::log, [&] { return ++asked > 6; }), Stopped);
  EXPECT_FALSE(std::filesystem::exists(cache()));
  EXPECT_TRUE(std::filesystem::exists(cache().string() + ".unfinished"));
  open_pictures(cached_);
  expect_contains(log_.lines().back(), "6 are there already");
  EXPECT_TRUE(read_file(cache(), 1 << 20) == expected);
}

TEST_F(CropCacheTest, OneMakesItAndTheOthersWait) {
  open_pictures(cached_);
  const std::string expected = read_file(cache(), 1 << 20);
  std::filesystem::remove(cache());
  std::optional<FileLock> lock = FileLock::if_free(cache().string() + ".unfinished");
  std::atomic<int> done = 0;
  std::vector<std::jthread> processes;
  for (int i = 0; i < 4; ++i) {
    processes.emplace_back([&] {
      open_pictures(cached_);
      ++done;
    });
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(150));
  EXPECT_EQ(done, 0);
  lock.reset();  // as if that one had been killed
  processes.clear();
  EXPECT_EQ(done, 4);
  EXPECT_TRUE(read_file(cache(), 1 << 20) == expected);
  EXPECT_FALSE(std::filesystem::exists(cache().string() + ".unfinished"));
  int makers = 0;
  for (const std::string& line : log_.lines()) makers += line.starts_with("making the cache");
  EXPECT_EQ(makers, 2);  // the one before all
}

TEST_F(CropCacheTest, PicturesAreDecodedAgainWhereItIsLostOnTheWay) {
  const std::vector<Batch> expected = batches(config_);
  BatchLoader loader(open_pictures(cached_), cached_, 8, 3);
  std::vector<Batch> taken{loader.next()};
  std::filesystem::resize_file(cache(), 4096);
  while (taken.size() < expected.size()) taken.push_back(loader.next());
  expect_same(taken, expected);
}

}  // namespace
}  // namespace pixnerd::data
