#include "data/pictures.h"

#include <utility>

#include "core/errors.h"
#include "core/log.h"
#include "core/text.h"
#include "image/crop.h"

namespace pixnerd::data {

image::Image cropped(const image::Image& whole, Crop crop, int side) {
  return crop == Crop::adm ? image::adm_center_crop(whole, side) : image::resize_center_crop(whole, side);
}

image::Image cropped(const image::Image& whole, const DataConfig& config, int64_t side) {
  const int64_t largest = config.largest_size();
  const image::Image square = cropped(whole, config.crop, static_cast<int>(largest));
  return side == largest ? square : cropped(square, config.crop, static_cast<int>(side));
}

CroppedPictures::CroppedPictures(std::shared_ptr<const PictureSet> set, const DataConfig& config)
    : set_(std::move(set)),
      size_(config.image_size),
      largest_(config.largest_size()),
      crop_(config.crop),
      entries_(static_cast<size_t>(set_->size())),
      room_(config.cache_megabytes * 1'000'000 / (largest_ * largest_ * 3)) {}

std::shared_ptr<const image::Image> CroppedPictures::find(int64_t index, int64_t side) {
  auto square = largest(index);
  if (square == nullptr || side == largest_) return square;
  return std::make_shared<const image::Image>(cropped(*square, crop_, static_cast<int>(side)));
}

std::shared_ptr<const image::Image> CroppedPictures::largest(int64_t index) {
  {
    const std::lock_guard lock(mutex_);
    const Entry& entry = entries_.at(static_cast<size_t>(index));
    if (entry.kept != nullptr || entry.broken) return entry.kept;
  }
  try {
    auto picture = read(index);
    keep(index, picture);
    return picture;
  } catch (const DataError& error) {
    mark_broken(index, error.what());
    return nullptr;
  }
}

int64_t CroppedPictures::broken() const {
  const std::lock_guard lock(mutex_);
  return broken_;
}

Treatment CroppedPictures::treatment(bool& is_complete) const {
  const std::lock_guard lock(mutex_);
  is_complete = treatment_.pictures + broken_ == static_cast<int64_t>(entries_.size());
  return treatment_;
}

std::shared_ptr<const image::Image> CroppedPictures::read(int64_t index) {
  const Picture whole = set_->open(index);
  {
    const std::lock_guard lock(mutex_);
    if (!std::exchange(entries_[static_cast<size_t>(index)].was_read, true)) treatment_.add(whole.info);
  }
  return std::make_shared<const image::Image>(cropped(whole.image, crop_, static_cast<int>(largest_)));
}

void CroppedPictures::keep(int64_t index, const std::shared_ptr<const image::Image>& picture) {
  const std::lock_guard lock(mutex_);
  Entry& entry = entries_[static_cast<size_t>(index)];
  if (room_ == 0 || entry.kept != nullptr) return;
  entry.kept = picture;
  --room_;
}

void CroppedPictures::mark_broken(int64_t index, const char* reason) {
  {
    const std::lock_guard lock(mutex_);
    Entry& entry = entries_[static_cast<size_t>(index)];
    if (entry.broken) return;
    entry.broken = true;
    ++broken_;
  }
  log_warning(concat("skipped a picture that cannot be read: ", reason));
}

}  // namespace pixnerd::data
