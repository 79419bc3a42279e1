// The pictures that are judged: a folder, shards, or the arr_0 of an .npz file of ADM's, as one stream of equal sizes.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace pixnerd::eval {

class Pictures {
 public:
  virtual ~Pictures();

  const std::string& source() const { return source_; }
  int64_t size() const { return size_; }  // at least 1
  int64_t height() const { return height_; }
  int64_t width() const { return width_; }

  // For one of several processes that look at them together: before the first next(), which then gives the pictures
  // from rank * size() / ranks on, up to those of the next rank. RequestError where a rank would have none.
  void share_out(int64_t rank, int64_t ranks);

  // How many next() gives in all.
  int64_t share() const { return end_ < 0 ? size_ : end_ - begin_; }

  // The next at most `count` pictures, [n, height, width, 3] uint8; n is 0 after the last one. DataError that names the
  // picture if one cannot be read or has another size than the first.
  virtual at::Tensor next(int64_t count) = 0;

  // What was left out of the set, and what was changed in the pictures that next() has given: complete after the last.
  virtual std::vector<std::string> warnings() const { return {}; }

 protected:
  // The share is settled.
  virtual void begin_at(int64_t first) = 0;
  int64_t end() const { return end_ < 0 ? size_ : end_; }

  std::string source_;
  int64_t size_ = 0, height_ = 0, width_ = 0;

 private:
  int64_t begin_ = 0, end_ = -1;
};

struct PictureSelection {
  // Patterns (* any text, ? any character) of the folders in the folder, or of the shards; all if there is none.
  std::vector<std::string> include;
  int64_t crop =
      0;  // side of the square that is cut of each picture, as ADM does; 0: pictures as they are, of one size
};

// What the path is, is told from its name and content:
//   *.npz     arr_0, uint8 [N, H, W, 3], in its order
//   shards    what data/shards.h reads
//   a folder  its pictures and those of its folders (data/folder_scan.h)
// Pictures of folders and shards, which often come class by class, are taken in a fixed random order: the Inception
// Score's splits should each be like the whole. Transparency is dropped, EXIF's orientation ignored, grey counts as
// colour; of this, and of what is not used, the warnings tell. DataError: nothing there, no picture, an array of
// another type or shape. ConfigError: a pattern fits nothing, or there are patterns or a crop, and the path is an .npz.
std::unique_ptr<Pictures> pictures_at(const std::filesystem::path& path, const PictureSelection& selection = {});

// Whether `include` can choose anything there: the path is a folder, a shard or a pattern of shards.
bool takes_patterns(const std::filesystem::path& path);

}  // namespace pixnerd::eval
