#include "data/batch_size.h"

#include <algorithm>
#include <vector>

#include "core/random.h"
#include "data/order.h"

namespace pixnerd::data {
namespace {

constexpr double kShareUnlessGiven = 0.25;

double share_of_others(const DataConfig& config) {
  return config.more_sizes.empty() ? 0 : config.more_sizes_share.value_or(kShareUnlessGiven);
}

}  // namespace

int64_t size_of_batch(const DataConfig& config, uint64_t seed, int64_t batch) {
  const double share = share_of_others(config);
  const double drawn = random_uniform(seed, kSizeStream, static_cast<uint64_t>(batch));
  if (drawn >= share) return config.image_size;
  const auto others = std::ssize(config.more_sizes);
  const auto which = static_cast<int64_t>(drawn / share * static_cast<double>(others));
  return config.more_sizes[static_cast<size_t>(std::min(which, others - 1))];
}

std::vector<double> shares_of_sizes(const DataConfig& config) {
  const double share = share_of_others(config);
  std::vector<double> shares(config.more_sizes.size(),
                             share / std::max(1.0, static_cast<double>(config.more_sizes.size())));
  shares.insert(shares.begin(), 1 - share);
  return shares;
}

}  // namespace pixnerd::data
