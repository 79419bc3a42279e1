// What a folder holds as a data set: which of its files are pictures, of which class, with which captions beside them,
// and what is not used.
//
//   pets/cat/a.png               a class is a folder that holds pictures, or whose folders do, as torchvision's
//   pets/dog/more/1.webp         ImageFolder has it; classes are numbered in the order of their names
//   flat/a.png                   without class folders, the pictures of the folder itself are one class
//   pets/cat/a.txt, a.caption    captions of a.png
//   pets/metadata.jsonl, .csv    in any of the folders: captions by "file_name", a path below that folder, and "text"
//
// Links are followed; a folder is read once in a class, so that links that lead back do no harm. Hidden names, which
// begin with a dot, are passed over. Pictures come class by class, in a class folder by folder, sorted by their bytes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "data/config.h"
#include "data/unused.h"

namespace pixnerd::data {

// What becomes of pictures that lie beside class folders.
enum class Loose {
  unused,
  taken,  // without a class; for what asks for none
};

struct FolderScan {
  // A million of these should be small.
  struct Picture {
    std::string file;  // below its class folder: "a.png", "more/1.webp"
    int32_t label;     // of `classes`; -1: it lies in the folder itself
    bool has_txt, has_caption;
  };

  std::vector<std::string> classes;  // names of the class folders; none in a flat folder
  std::vector<Picture> pictures;
  std::vector<std::string> metadata;  // files below the folder
  Unused unused;
};

// Lists files and opens none. DataError: no such folder, or one that the system does not let be listed. ConfigError:
// no class folder's name fits config.include.
FolderScan scan_folder(const std::filesystem::path& root, const DataConfig& config, Loose loose);

// Whether a folder in this one holds a picture: whether scan_folder() would find a class. False where it cannot be
// listed.
bool has_class_folders(const std::filesystem::path& root);

}  // namespace pixnerd::data
