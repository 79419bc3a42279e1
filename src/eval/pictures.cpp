#include "eval/pictures.h"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <cstring>
#include <span>
#include <system_error>
#include <vector>

#include "core/errors.h"
#include "core/file.h"
#include "core/log.h"
#include "core/random.h"
#include "core/text.h"
#include "data/npz.h"
#include "data/shards.h"
#include "image/codec.h"

namespace pixnerd::eval {
namespace {

constexpr int64_t kLongestSide = 16384;

std::string quoted(const std::filesystem::path& path) {
  return concat("'", printable(path.string(), 400), "'");
}

at::Tensor empty_batch(int64_t count, int64_t height, int64_t width) {
  return at::empty({count, height, width, 3}, at::kByte);
}

class NpzPictures : public Pictures {
 public:
  explicit NpzPictures(const std::filesystem::path& path) : array_(path, "arr_0") {
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

bool has_alpha(std::span<const std::byte> file) {
  const std::string_view bytes(reinterpret_cast<const char*>(file.data()), file.size());
  constexpr size_t kColourType = 25, kWebpFlags = 20;
  if (bytes.starts_with("\x89PNG")) {  // grey or colour with alpha; or a tRNS before the pixels
    const bool channel = bytes.size() > kColourType && (bytes[kColourType] == 4 || bytes[kColourType] == 6);
    return channel || bytes.substr(0, bytes.find("IDAT")).find("tRNS") != std::string_view::npos;
  }
  const bool is_webp = bytes.starts_with("RIFF") && bytes.size() > 24 && bytes.substr(8, 4) == "WEBP";
  if (is_webp && bytes.substr(12, 4) == "VP8X") return (bytes[kWebpFlags] & 0x10) != 0;
  return is_webp && bytes.substr(12, 4) == "VP8L" && (bytes[24] & 0x10) != 0;
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
    if (done_ == size_ && transparent_ > 0) {
      log_warning(concat(transparent_, " of ", size_, " pictures in ", quoted(source_),
                         " have an alpha channel, which is dropped; lay them on a background if they need one"));
      transparent_ = 0;
    }
    return batch;
  }

 protected:
  void begin(std::string source, int64_t size) {
    source_ = std::move(source);
    size_ = size;
    order_ = random_permutation(size, 0, 0);
    const image::Image first = read(0);
    height_ = first.height;
    width_ = first.width;
    transparent_ = 0;
  }

  image::Image decode(std::span<const std::byte> file, const std::string& name) {
    image::Image picture = image::decode(file, name);
    transparent_ += has_alpha(file) ? 1 : 0;
    return picture;
  }

  virtual image::Image read(int64_t index) = 0;
  virtual std::string name(int64_t index) const = 0;

 private:
  void require_size(const image::Image& picture, int64_t index) const {
    if (picture.height == height_ && picture.width == width_) return;
    throw DataError(concat("the pictures in ", quoted(source_), " are of several sizes: '", printable(name(index)),
                           "' has ", picture.width, "x", picture.height, " pixels, '", printable(name(0)), "' ", width_,
                           "x", height_, "; bring them all to one size first, the same way"));
  }

  std::vector<int64_t> order_;
  int64_t done_ = 0, transparent_ = 0;
};

class FolderPictures : public ListedPictures {
 public:
  explicit FolderPictures(const std::filesystem::path& folder) : folder_(folder) {
    std::error_code error;
    for (std::filesystem::recursive_directory_iterator file(folder, error), end; !error && file != end;
         file.increment(error)) {
      if (image::has_image_extension(file->path()) && !file->is_directory()) {
        names_.push_back(file->path().lexically_relative(folder).string());
      }
    }
    if (error) throw DataError(concat("cannot list ", quoted(folder), ": ", error.message()));
    if (names_.empty()) throw DataError(concat("there are no pictures in ", quoted(folder)));
    std::sort(names_.begin(), names_.end());
    begin(folder.string(), static_cast<int64_t>(names_.size()));
  }

 protected:
  image::Image read(int64_t index) override {
    const std::filesystem::path path = folder_ / name(index);
    const MappedFile file = MappedFile::open(path);
    return decode({file.data(), file.size()}, path.string());
  }
  std::string name(int64_t index) const override { return names_[static_cast<size_t>(index)]; }

 private:
  std::filesystem::path folder_;
  std::vector<std::string> names_;
};

class ShardPictures : public ListedPictures {
 public:
  explicit ShardPictures(const std::filesystem::path& path) {
    data::DataConfig config;
    config.path = path.string();
    shards_ = std::make_unique<data::Shards>(config);
    begin(path.string(), shards_->size());
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

std::unique_ptr<Pictures> open_pictures(const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::exists(path, error)) throw DataError(concat("there is no file or folder ", quoted(path)));
  if (path.extension() == ".npz") return std::make_unique<NpzPictures>(path);
  const bool is_folder = std::filesystem::is_directory(path, error);
  if (!is_folder && path.extension() != ".tar") {
    throw DataError(
        concat(quoted(path), " holds no pictures that can be judged; name a folder, shards (.tar) or .npz"));
  }
  if (data::is_shards(path)) return std::make_unique<ShardPictures>(path);
  return std::make_unique<FolderPictures>(path);
}

}  // namespace pixnerd::eval
