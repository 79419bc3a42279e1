// Where pictures go: a grid in one PNG, or a single picture as it is, an .npz of all, or a folder of numbered ones with
// a manifest.jsonl. Whatever stands in the way is found when the output is opened, before any work is done; every file
// appears whole or not at all.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "image/grid.h"
#include "image/image.h"
#include "sample/record.h"

namespace pixnerd::sample {

// What is going to be written.
struct OutputPlan {
  int64_t pictures = 1;
  int64_t width = 1, height = 1;       // of a picture, in pixels
  int64_t columns = 1;                 // of a grid
  bool overwrite = false;              // use a folder that is not empty, replace an .npz
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
};

class PictureOutput {
 public:
  virtual ~PictureOutput() = default;

  // Picture `index` of plan.pictures, each of them once; of the planned size but for folders, in order but for folders.
  virtual void put(int64_t index, image::Image picture) = 0;

  // After the last picture.
  virtual Written finish() = 0;
};

// Whether pictures that go to `path` become a grid: it ends in .png, in any case.
bool is_grid(const std::filesystem::path& path);

// Whether they become arrays (npz_output.h): it ends in .npz, in any case.
bool is_npz(const std::filesystem::path& path);

// Any other path is a folder, made if it is missing, as are the folders above either. RequestError: another picture
// format's ending, a folder that is not empty or an .npz that is there (unless plan.overwrite), labels for anything but
// a grid, a path that is something else than a file or a folder, a grid too large for one picture, names that files in
// one folder cannot have. DataError: no permission, a manifest.jsonl that is none, or what else the system says.
std::unique_ptr<PictureOutput> open_output(const std::filesystem::path& path, const OutputPlan& plan);

// RequestError unless a file can be put at `path`: nothing there yet, or a regular file. Makes missing folders above.
// Returns whether there is a file already.
bool prepare_file(const std::filesystem::path& path);

// Columns of a grid of `classes` runs of `count` pictures: one class a row where that is not too wide or too tall, else
// about as many columns as rows, a class's run not broken where that is possible.
int64_t grid_columns(int64_t classes, int64_t count);

// "00007.png"; more digits where `pictures` needs them.
std::string picture_name(int64_t index, int64_t pictures);

}  // namespace pixnerd::sample
