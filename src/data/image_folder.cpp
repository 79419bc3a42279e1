#include "data/image_folder.h"

#include <algorithm>
#include <span>
#include <system_error>
#include <utility>

#include "core/errors.h"
#include "core/file.h"
#include "core/text.h"
#include "image/codec.h"

namespace pixnerd::data {
namespace {

namespace fs = std::filesystem;

constexpr const char* kWhatItIs =
    "; a data set is a folder of pictures, or one with a folder of pictures for each class";

void check_is_folder(const fs::path& path) {
  if (path.empty()) throw DataError(concat("no data set is named (data.path is empty)", kWhatItIs));
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (status.type() == fs::file_type::not_found) {
    throw DataError(concat("data set ", quoted(path), ": no such folder", kWhatItIs));
  }
  if (status.type() == fs::file_type::none) throw DataError(concat("data set ", quoted(path), ": ", error.message()));
  if (status.type() != fs::file_type::directory) {
    throw DataError(concat("data set ", quoted(path), " is no folder", kWhatItIs));
  }
}

[[noreturn]] void refuse_empty(const fs::path& root, const Unused& unused) {
  const std::vector<std::string> lines = unused.lines();
  throw DataError(concat("data set ", quoted(root), " holds no picture (", image::kFormats, ")",
                         lines.empty() ? "" : ", but ", join(lines, "; "), kWhatItIs));
}

}  // namespace

ImageFolder::ImageFolder(const DataConfig& config, Loose loose) : root_(config.path), reading_(reading_of(config)) {
  check_is_folder(root_);
  take(scan_folder(root_, config, loose));
  if (pictures_.empty()) refuse_empty(root_, unused_);
  if (config.styles) find_styles();
}

void ImageFolder::take(FolderScan scan) {
  is_flat_ = scan.classes.empty();
  classes_ = is_flat_ ? std::vector<std::string>{kOnlyClass} : std::move(scan.classes);
  unused_ = std::move(scan.unused);
  pictures_.reserve(scan.pictures.size());
  for (FolderScan::Picture& each : scan.pictures) {
    pictures_.push_back({std::move(each.file), is_flat_ ? 0 : each.label, -1, each.has_txt, each.has_caption});
  }
  if (!scan.metadata.empty()) {
    metadata_.emplace_back(
        root_, scan, [this](int64_t index) { return name(index); }, unused_);
  }
}

void ImageFolder::find_styles() {
  const auto stem = [](const Listed& picture) { return fs::path(picture.file).stem().string(); };
  for (const Listed& picture : pictures_) styles_.push_back(stem(picture));
  std::sort(styles_.begin(), styles_.end());
  styles_.erase(std::unique(styles_.begin(), styles_.end()), styles_.end());
  for (Listed& picture : pictures_) {
    const auto place = std::lower_bound(styles_.begin(), styles_.end(), stem(picture));
    picture.style = static_cast<int32_t>(place - styles_.begin());
  }
}

std::string ImageFolder::name(int64_t index) const {
  const Listed& each = picture(index);
  if (is_flat_ || each.label < 0) return each.file;
  return concat(classes_[static_cast<size_t>(each.label)], "/", each.file);
}

Picture ImageFolder::open(int64_t index) const {
  const fs::path path = root_ / name(index);
  const std::string file = read_file(path, image::DecodeLimits{}.max_file_bytes);
  return read_picture(std::as_bytes(std::span(file)), printable(path.string()), reading_);
}

std::vector<Caption> ImageFolder::captions(int64_t index) const {
  const Listed& each = picture(index);
  std::vector<Caption> captions;
  add_captions_beside(root_ / name(index), each.has_txt, each.has_caption, captions);
  for (const MetadataCaptions& metadata : metadata_) metadata.add_to(index, captions);
  return captions;
}

}  // namespace pixnerd::data
