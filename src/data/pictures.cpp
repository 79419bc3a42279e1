#include "data/pictures.h"

#include <utility>

#include "core/errors.h"
#include "core/log.h"
#include "core/text.h"
#include "image/codec.h"
#include "image/crop.h"

namespace pixnerd::data {

CroppedPictures::CroppedPictures(std::shared_ptr<const PictureSet> set, const DataConfig& config)
    : set_(std::move(set)),
      side_(static_cast<int>(config.image_size)),
      crop_(config.crop),
      entries_(static_cast<size_t>(set_->size())),
      room_(config.cache_megabytes * 1'000'000 / (config.image_size * config.image_size * 3)) {}

std::shared_ptr<const image::Image> CroppedPictures::find(int64_t index) {
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

std::shared_ptr<const image::Image> CroppedPictures::read(int64_t index) const {
  const image::Image whole = set_->read(index);
  return std::make_shared<const image::Image>(crop_ == Crop::adm ? image::adm_center_crop(whole, side_)
                                                                 : image::resize_center_crop(whole, side_));
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
