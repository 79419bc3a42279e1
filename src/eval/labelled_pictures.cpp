#include "eval/labelled_pictures.h"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <utility>

#include "core/errors.h"
#include "core/text.h"
#include "image/crop.h"
#include "image/resize.h"

namespace pixnerd::eval {
namespace {

std::string label_name(int64_t label, const std::vector<std::string>& names) {
  if (label < 0) return "";
  return names.empty() ? concat(label) : names.at(static_cast<size_t>(label));
}

image::Image resized(const image::Image& picture, int64_t width, int64_t height) {
  const auto filter = width < picture.width ? image::Filter::box : image::Filter::bicubic;
  return image::resize(picture, static_cast<int>(width), static_cast<int>(height), filter);
}

}  // namespace

std::string class_name(const data::PictureSet& set, int64_t index) {
  return label_name(set.label(index), set.classes());
}

std::string style_name(const data::PictureSet& set, int64_t index) {
  return label_name(set.style(index), set.styles());
}

LabelledPictures::LabelledPictures(std::shared_ptr<const data::PictureSet> set, int64_t crop, PictureSize size,
                                   Take take)
    : set_(std::move(set)), crop_(static_cast<int>(crop)), is_resized_(size.width > 0) {
  source_ = set_->root().string();
  for (int64_t i = 0; i < set_->size(); ++i) {
    const std::string name = class_name(*set_, i);
    if (name.empty() && take == Take::labelled) continue;
    numbers_.push_back(i);
    Asked& shown = shown_.emplace_back();
    if (!name.empty()) shown.classes.push_back(name);
    shown.style = style_name(*set_, i);
  }
  if (numbers_.empty()) {
    throw DataError(
        concat("no picture of ", quoted(source_), " has a class; use class folders, or shards with classes"));
  }
  size_ = std::ssize(numbers_);
  width_ = size.width;
  height_ = size.height;
  if (is_resized_) return;
  const image::Image first = read(0);
  width_ = first.width;
  height_ = first.height;
}

at::Tensor LabelledPictures::next(int64_t count) {
  const int64_t taken = std::min(count, end() - done_);
  at::Tensor batch = at::empty({taken, height_, width_, 3}, at::kByte);
  auto* to = static_cast<uint8_t*>(batch.mutable_data_ptr());
  for (int64_t i = 0; i < taken; ++i) {
    const image::Image picture = read(done_++);
    to = std::copy(picture.rgb.begin(), picture.rgb.end(), to);
  }
  return batch;
}

image::Image LabelledPictures::read(int64_t number) const {
  const int64_t index = numbers_[static_cast<size_t>(number)];
  image::Image picture = set_->read(index);
  if (crop_ > 0) picture = image::adm_center_crop(picture, crop_);
  if (width_ == 0 || (picture.width == width_ && picture.height == height_)) return picture;
  if (is_resized_ && picture.width * height_ == picture.height * width_) return resized(picture, width_, height_);
  throw DataError(concat(quoted(set_->name(index)), " of ", quoted(source_), " has ", picture.width, "x",
                         picture.height, " pixels, ", width_, "x", height_,
                         " are looked at; --crop SIZE cuts squares"));
}

}  // namespace pixnerd::eval
