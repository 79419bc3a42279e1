#include "data/loader.h"

#include <ATen/ops/equal.h>

#include <chrono>
#include <limits>
#include <set>
#include <stdexcept>
#include <thread>

#include "data/batch_size.h"
#include "data/samples.h"
#include "tests/data/folders.h"

namespace pixnerd::data {
namespace {

constexpr uint64_t kSeed = 5;

DataConfig busy_config() {
  DataConfig config = small_config();
  config.shift_pixels = 2;
  config.horizontal_flip = true;
  return config;
}

std::vector<Batch> first_batches(const TemporaryFolder& folder, const DataConfig& config, int64_t batch_size, int count,
                                 int64_t first_batch = 0) {
  BatchLoader loader(folder_at(folder.path()), config, batch_size, kSeed, first_batch);
  std::vector<Batch> batches;
  for (int i = 0; i < count; ++i) batches.push_back(loader.next());
  return batches;
}

void expect_equal(const Batch& a, const Batch& b) {
  EXPECT_TRUE(at::equal(a.images, b.images));
  EXPECT_TRUE(at::equal(a.labels, b.labels));
}

TEST(BatchLoader, BatchesAreTheSequenceCutInPieces) {
  TemporaryFolder folder;
  write_data_set(folder, 2, 5);
  const DataConfig config = busy_config();
  SampleSequence samples(folder_at(folder.path()), config, kSeed);
  int64_t position = 0;
  for (const Batch& batch : first_batches(folder, config, 4, 7)) {
    ASSERT_EQ(batch.images.sizes(), (at::IntArrayRef{4, 3, 8, 8}));
    ASSERT_EQ(batch.labels.sizes(), at::IntArrayRef{4});
    EXPECT_EQ(batch.images.scalar_type(), at::kFloat);
    EXPECT_EQ(batch.labels.scalar_type(), at::kLong);
    for (int64_t row = 0; row < 4; ++row, ++position) {
      std::vector<float> expected(size_t{3} * 8 * 8);
      const int64_t index = samples.read(position, 8, expected.data());
      EXPECT_EQ(batch.labels.const_data_ptr<int64_t>()[row], samples.set().label(index));
      const float* start = batch.images.const_data_ptr<float>() + row * 3 * 8 * 8;
      EXPECT_EQ(std::vector<float>(start, start + expected.size()), expected);
    }
  }
}

TEST(BatchLoader, GivesTheStyleAsASecondLabel) {
  TemporaryFolder folder;
  write_picture(folder / "a/flat.png", marked_picture(8, 1));
  write_picture(folder / "a/round.png", marked_picture(8, 2));
  write_picture(folder / "b/round.png", marked_picture(8, 3));
  DataConfig config = small_config();
  config.styles = true;
  BatchLoader loader(folder_at(folder.path(), config), config, 3, kSeed);
  const Batch batch = loader.next();
  ASSERT_EQ(batch.labels.sizes(), (at::IntArrayRef{3, 2}));
  for (int64_t row = 0; row < 3; ++row) {
    const int mark = mark_of(batch.images[row].const_data_ptr<float>());
    EXPECT_EQ(batch.labels[row][0].item<int64_t>(), mark == 3 ? 1 : 0);
    EXPECT_EQ(batch.labels[row][1].item<int64_t>(), mark == 1 ? 0 : 1);
  }
}

TEST(BatchLoader, WorkersAndCacheDoNotMatter) {
  TemporaryFolder folder;
  write_data_set(folder, 3, 4);
  write_text(folder / "b/104.png", "broken");
  CapturedLog log;
  DataConfig config = busy_config();
  config.workers = 1;
  const std::vector<Batch> expected = first_batches(folder, config, 5, 12);
  for (const int64_t workers : {2, 3, 16}) {
    for (const int64_t megabytes : {0, 1}) {
      config.workers = workers;
      config.cache_megabytes = megabytes;
      const std::vector<Batch> found = first_batches(folder, config, 5, 12);
      for (size_t i = 0; i < found.size(); ++i) expect_equal(found[i], expected[i]);
    }
  }
}

TEST(BatchLoader, GoesOnAtAnyBatch) {
  TemporaryFolder folder;
  write_data_set(folder, 2, 5);
  const std::vector<Batch> expected = first_batches(folder, busy_config(), 3, 12);
  for (const int first : {1, 3, 10}) {
    const std::vector<Batch> found = first_batches(folder, busy_config(), 3, 2, first);
    expect_equal(found[0], expected[static_cast<size_t>(first)]);
    expect_equal(found[1], expected[static_cast<size_t>(first) + 1]);
  }
}

std::vector<int64_t> sides(const std::vector<Batch>& batches) {
  std::vector<int64_t> found;
  for (const Batch& batch : batches) found.push_back(batch.images.size(2));
  return found;
}

TEST(BatchLoader, EachBatchHasOneOfTheSizes) {
  TemporaryFolder folder;
  write_data_set(folder, 2, 5, 16);
  DataConfig config = busy_config();
  config.more_sizes = {16, 4};
  config.more_sizes_share = 0.6;
  const std::vector<Batch> batches = first_batches(folder, config, 3, 24);
  SampleSequence samples(folder_at(folder.path()), config, kSeed);
  for (int64_t k = 0; k < 24; ++k) {
    const Batch& batch = batches[static_cast<size_t>(k)];
    const int64_t side = size_of_batch(config, kSeed, k);
    ASSERT_EQ(batch.images.sizes(), (at::IntArrayRef{3, 3, side, side}));
    for (int64_t row = 0; row < 3; ++row) {
      std::vector<float> expected(static_cast<size_t>(3 * side * side));
      EXPECT_EQ(batch.pictures[static_cast<size_t>(row)], samples.read(3 * k + row, side, expected.data()));
      const float* start = batch.images[row].const_data_ptr<float>();
      EXPECT_EQ(std::vector<float>(start, start + expected.size()), expected);
    }
  }
  const std::vector<int64_t> found = sides(batches);
  EXPECT_EQ(std::set<int64_t>(found.begin(), found.end()), (std::set<int64_t>{4, 8, 16}));
  for (const int first : {1, 7, 19}) {
    const std::vector<Batch> later = first_batches(folder, config, 3, 5, first);
    for (size_t i = 0; i < later.size(); ++i) expect_equal(later[i], batches[static_cast<size_t>(first) + i]);
  }
  config.workers = 7;
  config.cache_megabytes = 1;
  const std::vector<Batch> again = first_batches(folder, config, 3, 24);
  for (size_t i = 0; i < again.size(); ++i) expect_equal(again[i], batches[i]);
}

TEST(BatchLoader, SharesOfABatchHaveItsSize) {
  TemporaryFolder folder;
  write_data_set(folder, 2, 5, 16);
  DataConfig config = busy_config();
  config.more_sizes = {16};
  config.more_sizes_share = 0.5;
  const std::vector<Batch> whole = first_batches(folder, config, 4, 8);
  for (const int64_t rank : {0, 1}) {
    BatchLoader share(folder_at(folder.path()), config, 2, kSeed, 0, {rank, 2});
    for (const Batch& batch : whole) EXPECT_TRUE(at::equal(share.next().images, batch.images.narrow(0, 2 * rank, 2)));
  }
}

TEST(BatchLoader, ABatchMayBeLargerThanTheSet) {
  TemporaryFolder folder;
  write_data_set(folder, 1, 3);
  const Batch batch = first_batches(folder, small_config(), 9, 1)[0];
  for (int epoch = 0; epoch < 3; ++epoch) {
    std::set<int> marks;
    for (int row = 0; row < 3; ++row) {
      marks.insert(mark_of(batch.images.const_data_ptr<float>() + (epoch * 3 + row) * 3 * 8 * 8));
    }
    EXPECT_EQ(marks, (std::set<int>{1, 2, 3}));
  }
}

TEST(BatchLoader, ABatchBelongsToTheCaller) {
  TemporaryFolder folder;
  write_data_set(folder, 2, 5);
  BatchLoader loader(folder_at(folder.path()), small_config(), 4, kSeed);
  const Batch first = loader.next();
  const at::Tensor before = first.images.clone();
  for (int i = 0; i < 10; ++i) loader.next();
  EXPECT_TRUE(at::equal(first.images, before));
}

TEST(BatchLoader, CountsBrokenPictures) {
  TemporaryFolder folder;
  write_data_set(folder, 2, 5);
  write_text(folder / "a/100.png", "broken");
  write_text(folder / "b/109.png", "broken");
  CapturedLog log;
  BatchLoader loader(folder_at(folder.path()), small_config(), 10, kSeed);
  for (int i = 0; i < 5; ++i) loader.next();
  EXPECT_EQ(loader.broken(), 2);
  EXPECT_EQ(log.lines().size(), 2u);
}

TEST(BatchLoader, WhatFailsInAWorkerIsThrownByNextAgainAndAgain) {
  TemporaryFolder folder;
  for (const char* name : {"a/1.png", "a/2.png"}) write_text(folder / name, "broken");
  CapturedLog log;
  DataConfig config = small_config();
  config.workers = 4;
  BatchLoader loader(folder_at(folder.path()), config, 3, kSeed);
  for (int i = 0; i < 3; ++i) expect_contains(error_of([&] { loader.next(); }), "none of its 2 pictures");
  EXPECT_EQ(loader.broken(), 2);
  EXPECT_EQ(log.lines().size(), 2u);
}

TEST(BatchLoader, BatchesBeforeAFailureAreStillGiven) {
  TemporaryFolder folder;
  write_data_set(folder, 1, 1);
  CapturedLog log;
  BatchLoader loader(folder_at(folder.path()), small_config(), 2, kSeed);
  loader.next();
  std::filesystem::remove(folder / "a/100.png");
  int good = 0;  // those that were decoded ahead
  try {
    for (; good < 100; ++good) {
      const Batch batch = loader.next();
      EXPECT_EQ(mark_of(batch.images.const_data_ptr<float>()), 1);
    }
  } catch (const DataError&) {
    EXPECT_THROW(loader.next(), DataError);
  }
  EXPECT_LT(good, 100);
}

TEST(BatchLoader, EndsWhileWorkersAreBusyOrWaiting) {
  TemporaryFolder folder;
  write_data_set(folder, 2, 3, 300);
  DataConfig config = small_config(64);
  config.workers = 8;
  for (int i = 0; i < 20; ++i) {
    BatchLoader loader(folder_at(folder.path()), config, 1 + i % 40, kSeed);
    if (i % 3 == 0) loader.next();
    if (i % 5 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(30));
  }
}

TEST(BatchLoader, CanBeMoved) {
  TemporaryFolder folder;
  write_data_set(folder, 2, 5);
  const std::vector<Batch> expected = first_batches(folder, small_config(), 4, 2);
  BatchLoader loader(folder_at(folder.path()), small_config(), 4, kSeed);
  expect_equal(loader.next(), expected[0]);
  BatchLoader other = std::move(loader);
  expect_equal(other.next(), expected[1]);
}

TEST(BatchLoader, RefusesArgumentsThatMeanNothing) {
  TemporaryFolder folder;
  write_data_set(folder, 1, 1);
  const auto make = [&](int64_t batch_size, int64_t first_batch) {
    BatchLoader(folder_at(folder.path()), small_config(), batch_size, kSeed, first_batch);
  };
  EXPECT_THROW(make(0, 0), std::invalid_argument);
  EXPECT_THROW(make(1, -1), std::invalid_argument);
  EXPECT_THROW(make(4, std::numeric_limits<int64_t>::max() / 4), std::invalid_argument);
  EXPECT_NO_THROW(make(4, std::numeric_limits<int64_t>::max() / 8));
}

}  // namespace
}  // namespace pixnerd::data
