#include "data/order.h"

#include <stdexcept>

#include "core/random.h"

namespace pixnerd::data {

EpochOrder::EpochOrder(int64_t size, uint64_t seed) : size_(size), seed_(seed) {
  if (size < 1) throw std::invalid_argument("EpochOrder: no pictures");
}

int64_t EpochOrder::at(int64_t position, int64_t skipped) {
  const int64_t entry = (position % size_ + skipped % size_) % size_;
  return permutation(position / size_)->at(static_cast<size_t>(entry));
}

std::shared_ptr<const EpochOrder::Permutation> EpochOrder::permutation(int64_t epoch) {
  const std::lock_guard lock(mutex_);
  Epoch& place = recent_.at(static_cast<size_t>(epoch % 2));
  if (place.number != epoch) {
    auto fresh = std::make_shared<const Permutation>(random_permutation(size_, seed_, static_cast<uint64_t>(epoch)));
    place = {epoch, std::move(fresh)};
  }
  return place.permutation;
}

}  // namespace pixnerd::data
