// What a network is trained on, position after position: pictures in random order, cropped, augmented, as numbers.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "data/config.h"
#include "data/order.h"
#include "data/picture_set.h"
#include "data/pictures.h"

namespace pixnerd::data {

class SampleSequence {
 public:
  // What is done with the pictures (treatment.h) is said in the log when all of them were read, or at the end.
  SampleSequence(std::shared_ptr<const PictureSet> set, const DataConfig& config, uint64_t seed);
  ~SampleSequence();

  // Writes the picture at `position` >= 0, as a square of `side` = S pixels, to chw [3, S, S] in [-1, 1], and returns
  // its number in the set. The side is one of the configuration's sizes.
  // In the place of a picture that cannot be read stands the next one of the epoch that can, so what stands at a
  // position depends on the files and (seed, position) alone, whatever was read before and by whichever thread.
  // DataError: nothing in the set can be read. Any thread may call it.
  int64_t read(int64_t position, int64_t side, float* chw);

  // Pictures that could not be read so far, each named in the log.
  int64_t broken() const { return pictures_.broken(); }

  const PictureSet& set() const { return pictures_.set(); }

 private:
  void report(bool is_end);

  const DataConfig config_;
  const uint64_t seed_;
  CroppedPictures pictures_;
  EpochOrder order_;
  std::atomic<bool> is_reported_ = false;
};

}  // namespace pixnerd::data
