#include "eval/pictures.h"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <set>
#include <span>
#include <system_error>
#include <utility>
#include <vector>

#include "core/errors.h"
#include "core/mapped_file.h"
#include "core/random.h"
#include "core/text.h"
#include "data/include.h"
#include "data/npz.h"
#include "data/shards.h"
#include "eval/picture_kind.h"
#include "image/codec.h"

namespace pixnerd::eval {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kLongestSide = 16384;

at::Tensor empty_batch(int64_t count, int64_t height, int64_t width) {
  return at::empty({count, height, width, 3}, at::kByte);
}

class NpzPictures : public Pictures {
 public:
  explicit NpzPictures(const fs::path& path) : array_(path, "arr_0") {
    source_ = path.string();
    const auto& shape = array_.shape();
    const bool is_sound = array_.type() == "u1" && shape.size() == 4 && shape[3] == 3 && shape[0] > 0 && shape[1] > 0 &&
                          shape[2] > 0 && shape[1] <= kLongestSide && shape[2] <= kLongestSide;
    if (!is_sound) {
      throw DataError(concat("arr_0 of ", quoted(path), " has the type ", array_.type(), " and the shape ", shape,
                             "; pictures are u1 (uint8) of the shape [N, height, width, 3]"));
    }
    size_ = shape[0];
    height_ = shape[1];
    width_ = shape[2];
  }

  at::Tensor next(int64_t count) override {
    at::Tensor batch = empty_batch(std::min(count, size_ - done_), height_, width_);
    array_.read({static_cast<std::byte*>(batch.mutable_data_ptr()), batch.nbytes()});
    done_ += batch.size(0);
    return batch;
  }

 private:
  data::NpzArray array_;
  int64_t done_ = 0;
};

// Names below a folder, links to folders aside, in their order.
std::vector<std::string> files_below(const fs::path& folder) {
  std::error_code error;
  std::vector<std::string> names;
  for (fs::recursive_directory_iterator file(folder, error), end; !error && file != end; file.increment(error)) {
    if (!file->is_directory()) names.push_back(file->path().lexically_relative(folder).string());
  }
  if (error) throw DataError(concat("cannot list ", quoted(folder), ": ", error.message()));
  std::sort(names.begin(), names.end());
  return names;
}

// A picture, as other programs' formats go.
bool is_of_another_format(const fs::path& name) {
  constexpr std::array kEndings = {".avif", ".bmp", ".gif", ".heic", ".heif", ".jfif", ".jp2", ".jxl",
                                   ".pbm",  ".pgm", ".pnm", ".ppm",  ".tga",  ".tif",  ".tiff"};
  const std::string ending = ascii_lower(name.extension().string());
  return std::find(kEndings.begin(), kEndings.end(), ending) != kEndings.end();
}

// Pictures that are read by number.
class ListedPictures : public Pictures {
 public:
  at::Tensor next(int64_t count) override {
    const int64_t taken = std::min(count, size_ - done_);
    at::Tensor batch = empty_batch(taken, height_, width_);
    auto* to = static_cast<uint8_t*>(batch.mutable_data_ptr());
    for (int64_t i = 0; i < taken; ++i) {
      const int64_t index = order_[static_cast<size_t>(done_++)];
      const image::Image picture = read(index);
      require_size(picture, index);
      std::memcpy(to, picture.rgb.data(), picture.rgb.size());
      to += picture.rgb.size();
    }
    return batch;
  }

  std::vector<std::string> warnings() const override {
    std::vector<std::string> all = left_out_;
    const auto some = [&](int64_t count, const char* what) {
      if (count > 0) all.push_back(concat(count, " of ", size_, " pictures in ", quoted(source_), what));
    };
    some(transparent_, " have an alpha channel, which is dropped; lay them on a background if they need one");
    some(grey_, " are grey and count as colour whose channels are equal");
    return all;
  }

 protected:
  void begin(std::string source, int64_t size) {
    source_ = std::move(source);
    size_ = size;
    order_ = random_permutation(size, 0, 0);
    const image::Image first = read(0);
    height_ = first.height;
    width_ = first.width;
    transparent_ = grey_ = 0;
  }

  // Files that are not judged, although somebody may think so.
  void leave_out(const std::vector<std::string>& names, const char* why) {
    if (names.empty()) return;
    left_out_.push_back(concat(names.size(), names.size() == 1 ? " file, '" : " files, such as '",
                               printable(names.front()), "', of ", quoted(source_), names.size() == 1 ? " is" : " are",
                               " left out: ", why));
  }
  void leave_out_broken(int64_t count) {
    if (count > 0) {
      left_out_.push_back(concat(count, count == 1 ? " sample or shard of " : " samples or shards of ", quoted(source_),
                                 " cannot be read and ", count == 1 ? "is" : "are", " left out; the log names each"));
    }
  }

  image::Image decode(std::span<const std::byte> file, const std::string& name) {
    image::Image picture = image::decode(file, name);
    const PictureKind kind = kind_of(file);
    transparent_ += kind.has_alpha ? 1 : 0;
    grey_ += kind.is_grey ? 1 : 0;
    return picture;
  }

  virtual image::Image read(int64_t index) = 0;
  virtual std::string name(int64_t index) const = 0;

 private:
  void require_size(const image::Image& picture, int64_t index) const {
    if (picture.height == height_ && picture.width == width_) return;
    throw DataError(concat("the pictures in ", quoted(source_), " are of several sizes: ", quoted(name(index)), " has ",
                           picture.width, "x", picture.height, " pixels, ", quoted(name(0)), " ", width_, "x", height_,
                           "; bring them all to one size first, the same way"));
  }

  std::vector<int64_t> order_;
  std::vector<std::string> left_out_;
  int64_t done_ = 0, transparent_ = 0, grey_ = 0;
};

class FolderPictures : public ListedPictures {
 public:
  FolderPictures(const fs::path& folder, const std::vector<std::string>& include) : folder_(folder) {
    std::vector<std::string> others;
    for (std::string& name : chosen(files_below(folder), include)) {
      if (image::has_image_extension(name)) {
        names_.push_back(std::move(name));
      } else if (is_of_another_format(name)) {
        others.push_back(std::move(name));
      }
    }
    if (names_.empty()) throw DataError(concat("there are no pictures in ", quoted(folder)));
    begin(folder.string(), static_cast<int64_t>(names_.size()));
    leave_out(others, "pictures are read from PNG, JPEG and WebP");
  }

 protected:
  image::Image read(int64_t index) override {
    const fs::path path = folder_ / name(index);
    const MappedFile file = MappedFile::open(path);
    image::Image picture = decode({file.data(), file.size()}, path.string());
    if (file.is_changed()) throw DataError(concat("picture ", quoted(path), " was changed while it was read"));
    return picture;
  }
  std::string name(int64_t index) const override { return names_[static_cast<size_t>(index)]; }

 private:
  // Files in the folders that fit a pattern.
  std::vector<std::string> chosen(std::vector<std::string> names, const std::vector<std::string>& include) const {
    if (include.empty()) return names;
    const auto folder_of = [](const std::string& name) { return name.substr(0, name.find('/')); };
    std::vector<std::string> folders;
    for (const std::string& name : names) {
      if (name.find('/') != std::string::npos && (folders.empty() || folders.back() != folder_of(name))) {
        folders.push_back(folder_of(name));
      }
    }
    data::DataConfig config;
    config.path = folder_.string();
    config.include = include;
    folders = data::included(std::move(folders), config, "folder");
    const std::set<std::string> wanted(folders.begin(), folders.end());
    std::erase_if(names, [&](const std::string& name) {
      return name.find('/') == std::string::npos || !wanted.contains(folder_of(name));
    });
    return names;
  }

  fs::path folder_;
  std::vector<std::string> names_;
};

class ShardPictures : public ListedPictures {
 public:
  ShardPictures(const fs::path& path, const std::vector<std::string>& include) {
    data::DataConfig config;
    config.path = path.string();
    config.include = include;
    shards_ = std::make_unique<data::Shards>(config);
    begin(path.string(), shards_->size());
    leave_out_broken(shards_->broken_at_opening());
    if (!fs::is_directory(path)) return;
    std::vector<std::string> loose = files_below(path);
    std::erase_if(loose, [](const std::string& name) {
      return !image::has_image_extension(name) && !is_of_another_format(name);
    });
    leave_out(loose, "beside shards, pictures are taken from these alone");
  }

 protected:
  image::Image read(int64_t index) override {
    const std::string file = shards_->picture_file(index);
    return decode(std::as_bytes(std::span(file)), name(index));
  }
  std::string name(int64_t index) const override { return shards_->name(index); }

 private:
  std::unique_ptr<data::Shards> shards_;
};

}  // namespace

Pictures::~Pictures() = default;

bool takes_patterns(const fs::path& path) {
  std::error_code error;
  return fs::is_directory(path, error) || path.extension() == ".tar";
}

std::unique_ptr<Pictures> pictures_at(const fs::path& path, const std::vector<std::string>& include) {
  std::error_code error;
  if (!fs::exists(path, error)) throw DataError(concat("there is no file or folder ", quoted(path)));
  if (path.extension() == ".npz") {
    if (!include.empty()) {
      throw ConfigError(concat("include: patterns choose among folders or shards, and ", quoted(path), " is an .npz"));
    }
    return std::make_unique<NpzPictures>(path);
  }
  if (!takes_patterns(path)) {
    throw DataError(
        concat(quoted(path), " holds no pictures that can be judged; name a folder, shards (.tar) or .npz"));
  }
  if (data::is_shards(path)) return std::make_unique<ShardPictures>(path, include);
  return std::make_unique<FolderPictures>(path, include);
}

}  // namespace pixnerd::eval
