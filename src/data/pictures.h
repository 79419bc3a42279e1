// The square pictures of a data set by their number: decoded and cropped on demand, kept while there is room, and
// those that cannot be read remembered. Any thread may call anything here.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "data/config.h"
#include "data/picture_set.h"
#include "data/treatment.h"
#include "image/image.h"

namespace pixnerd::data {

// A square of `side` pixels; see image/crop.h.
image::Image cropped(const image::Image& whole, Crop crop, int side);

// What a configuration makes of a picture at one of its sizes: the square of the largest, and the others of that one,
// so that they are the same whether the largest squares come from a file (crop_cache.h) or not.
image::Image cropped(const image::Image& whole, const DataConfig& config, int64_t side);

class CroppedPictures {
 public:
  CroppedPictures(std::shared_ptr<const PictureSet> set, const DataConfig& config);

  const PictureSet& set() const { return *set_; }

  // The picture at image_size x image_size, or as a square of another of the configuration's sizes; null if it cannot
  // be read. That is logged once, with the file and the reason, and the file is not tried again. Other failures, such
  // as lack of memory, are thrown.
  std::shared_ptr<const image::Image> find(int64_t index) { return find(index, size_); }
  std::shared_ptr<const image::Image> find(int64_t index, int64_t side);

  // Pictures that could not be read so far.
  int64_t broken() const;

  // Of the pictures that were read so far, each counted once; and whether these and the broken ones are all there are.
  Treatment treatment(bool& is_complete) const;

 private:
  struct Entry {
    std::shared_ptr<const image::Image> kept;  // at the largest size
    bool broken = false, was_read = false;
  };

  std::shared_ptr<const image::Image> largest(int64_t index);
  std::shared_ptr<const image::Image> read(int64_t index);
  void keep(int64_t index, const std::shared_ptr<const image::Image>& picture);
  void mark_broken(int64_t index, const char* reason);

  const std::shared_ptr<const PictureSet> set_;
  const int64_t size_, largest_;
  const Crop crop_;
  mutable std::mutex mutex_;  // guards what follows; not held while a picture is decoded
  std::vector<Entry> entries_;
  int64_t
      room_;  // pictures that may still be kept: none is ever dropped, as every picture is equally likely to be next
  int64_t broken_ = 0;
  Treatment treatment_;
};

}  // namespace pixnerd::data
