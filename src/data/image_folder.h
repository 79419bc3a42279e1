// A data set as a folder of class folders:
//
//   pets/cat/a.png
//   pets/cat/b.jpg
//   pets/dog/1.webp
//
// A class is a folder that holds at least one picture; classes are numbered in the order of their names. Names that
// begin with a dot, files beside the class folders, files that are not named like pictures and folders inside class
// folders are left out. Links are followed. Files are listed here and opened later.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace pixnerd::data {

class ImageFolder {
 public:
  // Lists the folder; names are sorted by their bytes, so labels and indices do not depend on the machine. Folders
  // without pictures are named in a warning. DataError: no such folder, no class folder, no picture in any of them,
  // or the system does not let it be listed.
  static ImageFolder open(const std::filesystem::path& path);

  const std::filesystem::path& root() const { return root_; }
  const std::vector<std::string>& classes() const { return classes_; }  // classes()[label] is the folder's name

  // Pictures are numbered 0 ... size() - 1, class after class; size() is at least 1.
  int64_t size() const { return static_cast<int64_t>(pictures_.size()); }
  std::filesystem::path path(int64_t index) const;
  int64_t label(int64_t index) const;

 private:
  struct Picture {
    std::string file;  // ImageNet has 1.3 million: whole paths would take several times the memory
    int64_t label;
  };

  ImageFolder() = default;

  std::filesystem::path root_;
  std::vector<std::string> classes_;
  std::vector<Picture> pictures_;
};

}  // namespace pixnerd::data
