// Something that takes pictures one by one, and what it is told of them before the first.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/destination.h"
#include "image/grid.h"
#include "image/image.h"
#include "sample/record.h"

namespace pixnerd::sample {

// What is going to be written.
struct OutputPlan {
  int64_t pictures = 1;
  int64_t width = 1, height = 1;       // of a picture in pixels, of several sizes the largest
  int64_t columns = 1;                 // of a grid
  bool overwrite = false;              // use a folder that is not empty, replace files
  InputFiles inputs{};                 // what is read, and stays even then
  bool resume = false;                 // keep those of the pictures that are there; needs `record`, and no grid
  std::optional<int64_t> padding{};    // pixels between the pictures of a grid; none: the usual
  std::vector<image::Label> labels{};  // of a grid's pictures, one each, or none
  std::vector<int64_t> classes{};      // of the pictures, one each, or none: arr_1 of an .npz
  std::vector<std::string> names{};    // of a folder's files, one each, or none: picture_name()

  // How picture `index` was made: goes into its PNG and into a folder's manifest.jsonl. May be empty.
  std::function<PictureRecord(int64_t index)> record{};
};

// What was written.
struct Written {
  std::filesystem::path path;
  int64_t pictures = 0;
  int64_t replaced = 0;  // files that stood there before
  int64_t others = 0;    // of a folder: what else is in it
  int64_t columns = 0;   // of a grid; else 0
  int64_t kept = 0;      // of the pictures: from an earlier run
};

class PictureOutput {
 public:
  virtual ~PictureOutput() = default;

  // Which of plan.pictures are there already, one each, as plan.resume finds them; nothing without it.
  virtual std::vector<bool> is_there() const { return {}; }

  // Picture `index` of plan.pictures that is not there, each of them once; of the planned size and in order for
  // arrays, no larger for a grid.
  virtual void put(int64_t index, image::Image picture) = 0;

  // After the last picture.
  virtual Written finish() = 0;
};

}  // namespace pixnerd::sample
