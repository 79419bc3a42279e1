// Pictures of a data set with what they show: those that a judge learns from, and those that it is tried on.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "data/picture_set.h"
#include "eval/asked.h"
#include "eval/pictures.h"

namespace pixnerd::eval {

// The name of a picture's class, or of its style; its number where the set has no names, "" where the picture has none.
std::string class_name(const data::PictureSet& set, int64_t index);
std::string style_name(const data::PictureSet& set, int64_t index);

struct PictureSize {
  int64_t width = 0, height = 0;
};

enum class Take { labelled, all };

class LabelledPictures : public Pictures {
 public:
  // Those that have a class, or all, in the order of the set. `crop` as in PictureSelection. With a size they are
  // brought to it: by the mean over areas where they shrink, by Pillow's bicubic filter where they grow; without, all
  // are as large as the first. DataError: no picture with a class, or one of another shape, or without a size of
  // another size.
  LabelledPictures(std::shared_ptr<const data::PictureSet> set, int64_t crop, PictureSize size = {},
                   Take take = Take::labelled);

  at::Tensor next(int64_t count) override;

  // In their order, each with one class at most.
  const std::vector<Asked>& shown() const { return shown_; }

 private:
  void begin_at(int64_t first) override { done_ = first; }
  image::Image read(int64_t number) const;

  std::shared_ptr<const data::PictureSet> set_;
  std::vector<int64_t> numbers_;  // in the set
  std::vector<Asked> shown_;
  int crop_;
  bool is_resized_;
  int64_t done_ = 0;
};

}  // namespace pixnerd::eval
