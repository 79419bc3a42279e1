#include "data/image_folder.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include "core/errors.h"
#include "core/log.h"
#include "core/text.h"
#include "data/include.h"
#include "data/sample_background.h"
#include "image/codec.h"

namespace pixnerd::data {
namespace {

namespace fs = std::filesystem;

constexpr const char* kMend = "; a data set is a folder with one folder of .png, .jpg or .webp pictures for each class";

bool is_folder(const fs::directory_entry& entry) {
  std::error_code error;
  return entry.is_directory(error);
}

// A link that leads nowhere counts as a picture: reading it fails then, and that is reported instead of passed over.
bool is_picture(const fs::directory_entry& entry) {
  std::error_code error;
  const fs::file_type type = entry.status(error).type();
  return (type == fs::file_type::regular || type == fs::file_type::not_found) &&
         image::has_image_extension(entry.path());
}

// The names of the visible entries that `wanted` accepts, sorted by their bytes.
template <class Wanted>
std::vector<std::string> list(const fs::path& folder, Wanted wanted) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    std::string name = entry->path().filename().string();
    if (name.front() != '.' && wanted(*entry)) names.push_back(std::move(name));
  }
  if (error) throw DataError(concat("folder ", quoted(folder), " cannot be listed: ", error.message()));
  std::sort(names.begin(), names.end());
  return names;
}

void check_is_folder(const fs::path& path) {
  if (path.empty()) throw DataError(concat("no data set is named (data.path is empty)", kMend));
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (status.type() == fs::file_type::not_found) {
    throw DataError(concat("data set ", quoted(path), ": no such folder", kMend));
  }
  if (status.type() == fs::file_type::none) throw DataError(concat("data set ", quoted(path), ": ", error.message()));
  if (status.type() != fs::file_type::directory) {
    throw DataError(concat("data set ", quoted(path), " is no folder", kMend));
  }
}

void warn_of_empty_folders(const fs::path& root, const std::vector<std::string>& names) {
  if (names.empty()) return;
  log_warning(concat("data set ", quoted(root), ": ", names.size(),
                     names.size() == 1 ? " folder holds no picture and is no class: "
                                       : " folders hold no picture and are no classes: ",
                     printable(join(names, ", "))));
}

}  // namespace

ImageFolder::ImageFolder(const DataConfig& config) : root_(config.path), background_(background_of(config)) {
  check_is_folder(root_);
  std::vector<std::string> names = list(root_, is_folder);
  if (names.empty()) throw DataError(concat("data set ", quoted(root_), " holds no class folders", kMend));
  names = included(std::move(names), config, "class folder");

  std::vector<std::string> without_pictures;
  for (const std::string& name : names) {
    std::vector<std::string> files = list(root_ / name, is_picture);
    if (files.empty()) {
      without_pictures.push_back(name);
      continue;
    }
    const auto label = static_cast<int64_t>(classes_.size());
    classes_.push_back(name);
    for (std::string& file : files) pictures_.push_back({std::move(file), label, -1});
  }
  if (pictures_.empty()) {
    throw DataError(concat("data set ", quoted(root_), ": no picture in its ", names.size(),
                           names.size() == 1 ? " folder" : " folders", kMend));
  }
  warn_of_empty_folders(root_, without_pictures);
  if (config.styles) find_styles();
}

void ImageFolder::find_styles() {
  const auto stem = [](const Picture& picture) { return fs::path(picture.file).stem().string(); };
  for (const Picture& picture : pictures_) styles_.push_back(stem(picture));
  std::sort(styles_.begin(), styles_.end());
  styles_.erase(std::unique(styles_.begin(), styles_.end()), styles_.end());
  for (Picture& picture : pictures_) {
    picture.style = std::lower_bound(styles_.begin(), styles_.end(), stem(picture)) - styles_.begin();
  }
}

std::string ImageFolder::name(int64_t index) const {
  return concat(classes_[static_cast<size_t>(label(index))], "/", picture(index).file);
}

image::Image ImageFolder::read(int64_t index) const {
  return image::read_image(root_ / name(index), {}, background_);
}

}  // namespace pixnerd::data
