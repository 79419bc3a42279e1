#include "data/image_folder.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include "core/errors.h"
#include "core/log.h"
#include "core/text.h"
#include "image/codec.h"

namespace pixnerd::data {
namespace {

namespace fs = std::filesystem;

constexpr const char* kMend = "; a data set is a folder with one folder of .png, .jpg or .webp pictures for each class";

std::string quoted(const fs::path& path) {
  return concat("'", printable(path.string(), 400), "'");
}

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
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  log_warning(concat("data set ", quoted(root), ": ", names.size(),
                     names.size() == 1 ? " folder holds no picture and is no class: "
                                       : " folders hold no picture and are no classes: ",
                     printable(text, 200)));
}

}  // namespace

ImageFolder ImageFolder::open(const fs::path& path) {
  check_is_folder(path);
  const std::vector<std::string> names = list(path, is_folder);
  if (names.empty()) throw DataError(concat("data set ", quoted(path), " holds no class folders", kMend));

  ImageFolder folder;
  folder.root_ = path;
  std::vector<std::string> without_pictures;
  for (const std::string& name : names) {
    std::vector<std::string> files = list(path / name, is_picture);
    if (files.empty()) {
      without_pictures.push_back(name);
      continue;
    }
    const auto label = static_cast<int64_t>(folder.classes_.size());
    folder.classes_.push_back(name);
    for (std::string& file : files) folder.pictures_.push_back({std::move(file), label});
  }
  if (folder.pictures_.empty()) {
    throw DataError(concat("data set ", quoted(path), ": no picture in its ", names.size(),
                           names.size() == 1 ? " folder" : " folders", kMend));
  }
  warn_of_empty_folders(path, without_pictures);
  return folder;
}

fs::path ImageFolder::path(int64_t index) const {
  const Picture& picture = pictures_.at(static_cast<size_t>(index));
  return root_ / classes_[static_cast<size_t>(picture.label)] / picture.file;
}

int64_t ImageFolder::label(int64_t index) const {
  return pictures_.at(static_cast<size_t>(index)).label;
}

}  // namespace pixnerd::data
