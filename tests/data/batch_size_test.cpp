#include "data/batch_size.h"

#include <gtest/gtest.h>

#include <map>

namespace pixnerd::data {
namespace {

DataConfig config_of(std::vector<int64_t> more_sizes, std::optional<double> share = {}) {
  DataConfig config;
  config.image_size = 64;
  config.more_sizes = std::move(more_sizes);
  config.more_sizes_share = share;
  return config;
}

std::map<int64_t, int> counted(const DataConfig& config, uint64_t seed, int batches) {
  std::map<int64_t, int> found;
  for (int k = 0; k < batches; ++k) ++found[size_of_batch(config, seed, k)];
  return found;
}

TEST(BatchSize, OfOneSizeThereIsNothingToDraw) {
  EXPECT_EQ(counted(config_of({}), 1, 100), (std::map<int64_t, int>{{64, 100}}));
  EXPECT_EQ(shares_of_sizes(config_of({})), std::vector<double>{1});
}

TEST(BatchSize, AQuarterIsOfTheOthersUnlessGiven) {
  EXPECT_NEAR(counted(config_of({128}), 1, 10'000)[128], 2500, 150);
  EXPECT_EQ(shares_of_sizes(config_of({128})), (std::vector<double>{.75, .25}));
}

TEST(BatchSize, TheOthersShareTheirPartEqually) {
  const DataConfig config = config_of({128, 32, 96}, 0.6);
  std::map<int64_t, int> found = counted(config, 7, 10'000);
  EXPECT_NEAR(found[64], 4000, 200);
  for (const int64_t side : {128, 32, 96}) EXPECT_NEAR(found[side], 2000, 200) << side;
  EXPECT_EQ(counted(config_of({128}, 1.0), 1, 100), (std::map<int64_t, int>{{128, 100}}));
}

TEST(BatchSize, TheSeedDecides) {
  const DataConfig config = config_of({128}, 0.5);
  int different = 0;
  for (int64_t k = 0; k < 100; ++k) {
    EXPECT_EQ(size_of_batch(config, 3, k), size_of_batch(config, 3, k));
    different += size_of_batch(config, 3, k) != size_of_batch(config, 4, k);
  }
  EXPECT_GT(different, 20);
}

}  // namespace
}  // namespace pixnerd::data
