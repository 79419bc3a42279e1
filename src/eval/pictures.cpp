#include "eval/pictures.h"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <cstring>
#include <numeric>
#include <system_error>
#include <utility>
#include <vector>

#include "core/errors.h"
#include "core/random.h"
#include "core/text.h"
#include "data/image_folder.h"
#include "data/npz.h"
#include "data/shard_paths.h"
#include "data/shards.h"
#include "data/treatment.h"
#include "image/crop.h"

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
    at::Tensor batch = empty_batch(std::min(count, end() - done_), height_, width_);
    array_.read({static_cast<std::byte*>(batch.mutable_data_ptr()), batch.nbytes()});
    done_ += batch.size(0);
    return batch;
  }

 private:
  // The array can be read in its order alone.
  void begin_at(int64_t first) override {
    std::vector<std::byte> passed(static_cast<size_t>(height_ * width_ * 3));
    for (; done_ < first; ++done_) array_.read(passed);
  }

  data::NpzArray array_;
  int64_t done_ = 0;
};

// Of a folder or of shards, by the names of the pictures in a folder, in the order of a set of shards.
class SetPictures : public Pictures {
 public:
  SetPictures(const fs::path& path, const PictureSelection& selection) : crop_(static_cast<int>(selection.crop)) {
    data::DataConfig config;
    config.path = path.string();
    config.include = selection.include;
    const bool are_shards = data::is_shards(path);
    if (are_shards) {
      set_ = std::make_unique<data::Shards>(config);
    } else {
      set_ = std::make_unique<data::ImageFolder>(config,
                                                 selection.include.empty() ? data::Loose::taken : data::Loose::unused);
    }
    source_ = path.string();
    size_ = set_->size();
    in_order(are_shards);
    const image::Image first = read(0).image;
    height_ = first.height;
    width_ = first.width;
  }

  at::Tensor next(int64_t count) override {
    const int64_t taken = std::min(count, end() - done_);
    at::Tensor batch = empty_batch(taken, height_, width_);
    auto* to = static_cast<uint8_t*>(batch.mutable_data_ptr());
    for (int64_t i = 0; i < taken; ++i) {
      const int64_t index = order_[static_cast<size_t>(done_++)];
      const data::Picture picture = read(index);
      treatment_.add(picture.info);
      require_size(picture.image, index);
      std::memcpy(to, picture.image.rgb.data(), picture.image.rgb.size());
      to += picture.image.rgb.size();
    }
    return batch;
  }

  std::vector<std::string> warnings() const override {
    std::vector<std::string> all = data::unused_in(*set_);
    for (const std::string& line : treatment_.lines({})) all.push_back(concat(quoted(source_), ": ", line));
    if (const int64_t count = set_->broken_at_opening(); count > 0) {
      all.push_back(concat(count, count == 1 ? " sample or shard of " : " samples or shards of ", quoted(source_),
                           " cannot be read and ", count == 1 ? "is" : "are", " left out; the log names each"));
    }
    return all;
  }

 private:
  void begin_at(int64_t first) override { done_ = first; }

  // numbers_ is the order of names, which depends on no classes.
  void in_order(bool are_shards) {
    numbers_.resize(static_cast<size_t>(size_));
    std::iota(numbers_.begin(), numbers_.end(), 0);
    if (!are_shards) {
      std::vector<std::string> names;
      for (const int64_t i : numbers_) names.push_back(set_->name(i));
      std::sort(numbers_.begin(), numbers_.end(),
                [&](int64_t a, int64_t b) { return names[static_cast<size_t>(a)] < names[static_cast<size_t>(b)]; });
    }
    order_ = random_permutation(size_, 0, 0);
  }

  std::string name(int64_t index) const { return set_->name(numbers_[static_cast<size_t>(index)]); }

  data::Picture read(int64_t index) const {
    data::Picture picture = set_->open(numbers_[static_cast<size_t>(index)]);
    if (crop_ > 0) picture.image = image::adm_center_crop(picture.image, crop_);
    return picture;
  }

  void require_size(const image::Image& picture, int64_t index) const {
    if (picture.height == height_ && picture.width == width_) return;
    throw DataError(concat("the pictures in ", quoted(source_), " are of several sizes: ", quoted(name(index)), " has ",
                           picture.width, "x", picture.height, " pixels, '", printable(name(0)), "' ", width_, "x",
                           height_, "; --crop SIZE cuts squares of one size, as data pack --crop does"));
  }

  int crop_;
  std::unique_ptr<data::PictureSet> set_;
  std::vector<int64_t> numbers_, order_;
  data::Treatment treatment_;
  int64_t done_ = 0;
};

}  // namespace

Pictures::~Pictures() = default;

void Pictures::share_out(int64_t rank, int64_t ranks) {
  if (size_ < ranks) {
    throw RequestError(concat("the ", size_, " pictures of ", quoted(source_), " cannot be shared out among ", ranks,
                              " processes; start fewer"));
  }
  begin_ = rank * size_ / ranks;
  end_ = (rank + 1) * size_ / ranks;
  begin_at(begin_);
}

bool takes_patterns(const fs::path& path) {
  std::error_code error;
  return fs::is_directory(path, error) || path.extension() == ".tar" || data::is_shard_pattern(path);
}

std::unique_ptr<Pictures> pictures_at(const fs::path& path, const PictureSelection& selection) {
  if (!data::is_there(path) && !data::is_shard_pattern(path)) {
    throw DataError(concat("there is no file or folder ", quoted(path)));
  }
  if (path.extension() == ".npz") {
    if (!selection.include.empty()) {
      throw ConfigError(concat("include: patterns choose among folders or shards, and ", quoted(path), " is an .npz"));
    }
    if (selection.crop > 0)
      throw ConfigError(concat("crop: the pictures in ", quoted(path), " are of one size already"));
    return std::make_unique<NpzPictures>(path);
  }
  if (!takes_patterns(path)) {
    throw DataError(
        concat(quoted(path), " holds no pictures that can be judged; name a folder, shards (.tar) or .npz"));
  }
  return std::make_unique<SetPictures>(path, selection);
}

}  // namespace pixnerd::eval
