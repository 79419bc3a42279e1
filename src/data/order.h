// Which picture stands at which position of training: an endless sequence of epochs, each a random permutation of the
// whole set. Nothing is drawn in sequence, so training can be resumed at any position.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

namespace pixnerd::data {

// The streams of a training seed (core/random.h). Stream e is the permutation of epoch e.
inline constexpr uint64_t kAugmentationStream = uint64_t{1} << 63;
inline constexpr uint64_t kSplitStream = kAugmentationStream + 1;
inline constexpr uint64_t kSizeStream = kAugmentationStream + 2;

class EpochOrder {
 public:
  // size >= 1 pictures; std::invalid_argument otherwise.
  EpochOrder(int64_t size, uint64_t seed);

  int64_t size() const { return size_; }

  // The picture at `position` >= 0: entry (position mod size) of the permutation of epoch (position / size). With
  // `skipped` the entry that many places further on in the same epoch, going round at its end, so that skipped = 0
  // ... size - 1 gives every picture once. Depends on (size, seed, position, skipped) alone; any thread may call it.
  int64_t at(int64_t position, int64_t skipped = 0);

 private:
  using Permutation = std::vector<int64_t>;

  std::shared_ptr<const Permutation> permutation(int64_t epoch);

  struct Epoch {
    int64_t number = -1;
    std::shared_ptr<const Permutation> permutation;
  };

  int64_t size_;
  uint64_t seed_;
  std::mutex mutex_;
  std::array<Epoch, 2> recent_;  // two, since threads work on both sides of an epoch's end; epoch e sits at e mod 2
};

}  // namespace pixnerd::data
