// A data set as a folder of class folders:
//
//   pets/cat/a.png
//   pets/cat/b.jpg
//   pets/dog/1.webp
//
// A class is a folder that holds at least one picture; classes are numbered in the order of their names. Names that
// begin with a dot, files beside the class folders, files that are not named like pictures and folders inside class
// folders are left out. Links are followed. Files are listed here and opened later. With config.styles a file's name
// without its ending is the picture's style.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "data/picture_set.h"

namespace pixnerd::data {

class ImageFolder : public PictureSet {
 public:
  // Lists config.path; names are sorted by their bytes, so labels and indices do not depend on the machine. Folders
  // without pictures are named in a warning. DataError: no such folder, no class folder, no picture in any of them,
  // or the system does not let it be listed. ConfigError: no class folder's name fits config.include.
  explicit ImageFolder(const DataConfig& config);

  const std::filesystem::path& root() const override { return root_; }
  int64_t size() const override { return static_cast<int64_t>(pictures_.size()); }
  int64_t label(int64_t index) const override { return picture(index).label; }
  int64_t style(int64_t index) const override { return picture(index).style; }
  std::string name(int64_t index) const override;  // "cat/a.png"
  image::Image read(int64_t index) const override;
  const std::vector<std::string>& classes() const override { return classes_; }
  const std::vector<std::string>& styles() const override { return styles_; }

 private:
  struct Picture {
    std::string file;  // ImageNet has 1.3 million: whole paths would take several times the memory
    int64_t label;
    int64_t style;
  };

  const Picture& picture(int64_t index) const { return pictures_.at(static_cast<size_t>(index)); }
  void find_styles();

  std::filesystem::path root_;
  std::optional<image::Colour> background_;
  std::vector<std::string> classes_, styles_;
  std::vector<Picture> pictures_;
};

}  // namespace pixnerd::data
