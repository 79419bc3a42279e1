// What a class-conditional network has for what pictures show: the vectors of its labels, which captions of the same
// things can learn to stand for.
//
// A network that begins with the transformer of that one and is told of a text as a whole (model.pooled_text) then
// draws what a caption names as soon as the caption is understood.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <vector>

#include "data/picture_set.h"

namespace pixnerd::train {

class LabelTeacher {
 public:
  // Of the file of a class-conditional network, whose average is taken where it has one. Classes and styles go by their
  // names; `width` is that of the network to be taught. ConfigError: another width, no names, tables of other sizes
  // than its names, or a class of `pictures` that it does not know. CheckpointError, DataError: the file cannot be
  // read.
  LabelTeacher(const std::filesystem::path& path, const data::PictureSet& pictures, int64_t width);

  // For pictures of that set, or of a part of it -> [pictures, width] float32. A picture without a class has the null
  // class's vector, one without a style, or in one that the network does not know, the null style's.
  at::Tensor of(const data::PictureSet& set, const std::vector<int64_t>& pictures) const;

 private:
  at::Tensor classes_;  // [classes + 1, width], a row a class of the set, the null class's last
  at::Tensor styles_;   // [styles + 1, width], likewise; zeros where the network has no styles
};

}  // namespace pixnerd::train
