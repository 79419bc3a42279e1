// A data set in memory, for tests of what is told from labels, styles and captions.
#pragma once

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "core/text.h"
#include "data/picture_set.h"
#include "image/image.h"

namespace pixnerd::eval {

// Pictures with the given labels, and with styles, captions and contents where there are some.
struct Labelled : public data::PictureSet {
  const std::filesystem::path& root() const override { return folder; }
  int64_t size() const override { return static_cast<int64_t>(labels.size()); }
  int64_t label(int64_t i) const override { return labels[static_cast<size_t>(i)]; }
  int64_t style(int64_t i) const override { return drawn_styles.empty() ? -1 : drawn_styles[static_cast<size_t>(i)]; }
  std::string name(int64_t i) const override { return concat(i, ".png"); }
  data::Picture open(int64_t i) const override {
    return {images.empty() ? image::blank(1, 1) : images[static_cast<size_t>(i)], {}};
  }
  std::vector<data::Caption> captions(int64_t i) const override {
    return texts.empty() ? std::vector<data::Caption>{} : texts[static_cast<size_t>(i)];
  }
  const std::vector<std::string>& classes() const override { return class_names; }
  const std::vector<std::string>& styles() const override { return style_names; }
  int64_t num_classes() const override { return 1 + *std::max_element(labels.begin(), labels.end()); }

  std::filesystem::path folder = "set";
  std::vector<int64_t> labels, drawn_styles;
  std::vector<std::string> class_names, style_names;
  std::vector<image::Image> images;
  std::vector<std::vector<data::Caption>> texts;
};

}  // namespace pixnerd::eval
