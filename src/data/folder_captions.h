// Captions beside the pictures of a folder: 0.txt and 0.caption beside 0.png, and the rows of metadata.jsonl and
// metadata.csv, which have a "file_name", a path below the metadata's own folder, and a "text" (or "caption").
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "data/folder_scan.h"
#include "data/picture_set.h"

namespace pixnerd::data {

// What the metadata files of a set say, kept as one text.
class MetadataCaptions {
 public:
  // Reads scan.metadata. `name` gives a picture's path below the root. Rows that name no picture or cannot be read are
  // counted in `unused`. DataError: a file cannot be read.
  MetadataCaptions(const std::filesystem::path& root, const FolderScan& scan,
                   const std::function<std::string(int64_t)>& name, Unused& unused);

  void add_to(int64_t picture, std::vector<Caption>& captions) const;

 private:
  struct Place {
    int64_t picture;
    size_t offset, size;
  };

  std::string text_;
  std::vector<Place> places_;  // in the order of the pictures
};

// What the text files beside a picture say. DataError: they cannot be read, or are no UTF-8.
void add_captions_beside(const std::filesystem::path& picture, bool has_txt, bool has_caption,
                         std::vector<Caption>& captions);

}  // namespace pixnerd::data
