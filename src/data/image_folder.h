// A data set as a folder of class folders, or of pictures, which are one class then; folder_scan.h says what is a
// picture and what a class, folder_captions.h where captions are. Files are listed here and opened later. With
// config.styles a file's name without its ending is the picture's style.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "data/folder_captions.h"
#include "data/folder_scan.h"
#include "data/picture_set.h"
#include "data/reading.h"

namespace pixnerd::data {

// The name of the one class of a folder without class folders.
inline constexpr const char* kOnlyClass = "picture";

class ImageFolder : public PictureSet {
 public:
  // Lists config.path; names are sorted by their bytes, so labels and indices do not depend on the machine. DataError:
  // no such folder, no picture in it or in its folders, or the system does not let it be listed. ConfigError: no class
  // folder's name fits config.include.
  explicit ImageFolder(const DataConfig& config, Loose loose = Loose::unused);

  const std::filesystem::path& root() const override { return root_; }
  int64_t size() const override { return static_cast<int64_t>(pictures_.size()); }
  int64_t label(int64_t index) const override { return picture(index).label; }
  int64_t style(int64_t index) const override { return picture(index).style; }
  std::string name(int64_t index) const override;  // "cat/a.png"
  Picture open(int64_t index) const override;
  std::vector<Caption> captions(int64_t index) const override;
  const std::vector<std::string>& classes() const override { return classes_; }
  const std::vector<std::string>& styles() const override { return styles_; }
  const Unused& unused() const override { return unused_; }

 private:
  // ImageNet has 1.3 million: whole paths would take several times the memory.
  struct Listed {
    std::string file;
    int32_t label, style;
    bool has_txt, has_caption;
  };

  const Listed& picture(int64_t index) const { return pictures_.at(static_cast<size_t>(index)); }
  void take(FolderScan scan);
  void find_styles();

  std::filesystem::path root_;
  Reading reading_;
  bool is_flat_ = false;
  std::vector<std::string> classes_, styles_;
  std::vector<Listed> pictures_;
  Unused unused_;
  std::vector<MetadataCaptions> metadata_;  // one, or none
};

}  // namespace pixnerd::data
