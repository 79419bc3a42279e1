// A file of the squares that the pictures of a data set become, as bytes to be mapped: what was decoded and cropped
// once need not be again. Numbers are little-endian:
//
//   0      text, a line for each thing that the squares depend on, filled up with zeros to 4096 bytes
//   4096   16 bytes a picture: whether it could be read, and what its file says of it
//   then   at the next multiple of 4096, side * side * 3 bytes a picture
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/growing_file.h"
#include "core/mapped_file.h"
#include "data/config.h"
#include "data/picture_set.h"
#include "data/reading.h"

namespace pixnerd::data {

struct CropLayout {
  std::string settings;  // the text, without the zeros
  int64_t pictures = 0, side = 0;

  uint64_t square_bytes() const { return static_cast<uint64_t>(side * side * 3); }
  uint64_t record_at(int64_t index) const;
  uint64_t square_at(int64_t index) const;
  uint64_t bytes() const { return square_at(pictures); }  // of the whole file
};

// What the squares depend on: the set's pictures by their names, the largest size, crop, background and orientation;
// labels and captions do not matter.
CropLayout crop_layout(const PictureSet& set, const DataConfig& config);

// A whole file, mapped. Any thread may call anything.
class CropFile {
 public:
  // DataError: it cannot be opened, is none of these files, is damaged, or has another layout; the message says in
  // what.
  CropFile(const std::filesystem::path& path, CropLayout layout);

  // Whether the picture could be read when the file was made.
  bool is_readable(int64_t index) const;

  // The square of a picture that could be read, with what is told of its file; nothing if the file has changed since it
  // was opened.
  std::optional<Picture> read(int64_t index) const;

 private:
  std::filesystem::path path_;
  CropLayout layout_;
  MappedFile file_;
};

// One that is being made, picture by picture in their order, under a name of its own. It may be left at any moment,
// by kill -9 too: the next one goes on.
class UnfinishedCropFile {
 public:
  // Makes the file, or goes on with it. DataError if it is none of these files or has another layout.
  UnfinishedCropFile(const std::filesystem::path& path, CropLayout layout);

  int64_t done() const { return done_; }

  // The next picture's square; nothing for one that cannot be read.
  void add(const std::optional<Picture>& square);

  // All that was added will be found again, whatever happens. add() does so now and then by itself.
  void keep();

  // All pictures are there: gives the file its name.
  void commit(const std::filesystem::path& target);

 private:
  CropLayout layout_;
  GrowingFile file_;
  int64_t done_ = 0;
  std::vector<std::byte> records_;  // of the last pictures, not in the file yet
};

}  // namespace pixnerd::data
