#include "train/feature_store.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cstdio>
#include <optional>
#include <utility>

#include "checkpoint/tensors.h"
#include "core/counted.h"
#include "core/errors.h"
#include "core/hash.h"
#include "core/log.h"
#include "core/text.h"
#include "data/pictures.h"
#include "data/prefetch.h"
#include "image/pixels.h"
#include "train/repa.h"

namespace pixnerd::train {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kPicturesOfFile = 1024;
constexpr int64_t kTogether = 16;  // pictures that DINOv2 looks at
constexpr const char *kOfKey = "pixnerd.features_of", *kTensor = "features";

void require_same_each_time(const data::DataConfig& data) {
  if (!data.more_sizes.empty()) {
    throw ConfigError(
        "repa.features keeps what DINOv2 makes of each picture at one size; leave out data.more_sizes, or set "
        "repa.features=\"\"");
  }
  const char* const key = data.shift_pixels > 0    ? "data.shift_pixels"
                          : data.scale_percent > 0 ? "data.scale_percent"
                          : data.horizontal_flip   ? "data.horizontal_flip"
                                                   : nullptr;
  if (key == nullptr) return;
  throw ConfigError(concat("repa.features keeps what DINOv2 makes of each picture once, but ", key,
                           " changes them at random; leave it out, or set repa.features=\"\""));
}

// All that the features depend on, in words.
std::string identity_of(const RunConfig& config, const data::PictureSet& pictures, uint64_t teacher) {
  const data::DataConfig& data = config.data;
  std::string background = "none";
  if (data.background)
    background = concat((*data.background)[0], ",", (*data.background)[1], ",", (*data.background)[2]);
  return concat("pictures ", hexadecimal(data::fingerprint(pictures)), ", size ", data.image_size, ", crop ",
                config::to_line(config::member_value(data.crop)), ", background ", background, ", orientation ",
                config::to_line(config::member_value(data.orientation)), ", teacher ", hexadecimal(teacher));
}

fs::path file_of(const fs::path& folder, int64_t number) {
  char name[48];
  std::snprintf(name, sizeof name, "features-%05lld.safetensors", static_cast<long long>(number));
  return folder / name;
}

// The features of pictures [first, end).
class Maker {
 public:
  Maker(const RunConfig& config, std::shared_ptr<const data::PictureSet> pictures, const models::DinoV2& teacher,
        const StopRequested& stop)
      : side_(config.data.image_size),
        workers_(config.data.workers),
        pictures_(std::move(pictures), config.data),
        teacher_(teacher),
        stop_(stop) {}

  at::Tensor make(int64_t first, int64_t end) {
    data::Prefetch<at::Tensor> chw(end - first, workers_, 2 * kTogether,
                                   [this, first](int64_t i) { return picture(first + i); });
    std::vector<at::Tensor> made;
    for (int64_t done = first; done < end; done += kTogether) {
      stop_if(stop_);
      std::vector<at::Tensor> together;
      for (int64_t i = done; i < std::min(end, done + kTogether); ++i) together.push_back(chw.next());
      made.push_back(teacher_features(teacher_, at::stack(together).to(teacher_.device())).to(at::kBFloat16).cpu());
    }
    return at::cat(made);
  }

 private:
  // Grey where it cannot be read: training never comes to it.
  at::Tensor picture(int64_t index) {
    at::Tensor chw = at::zeros({3, side_, side_}, at::kFloat);
    if (const auto found = pictures_.find(index)) {
      image::to_model_range(found->rgb, found->width, found->height, chw.mutable_data_ptr<float>());
    }
    return chw;
  }

  const int64_t side_, workers_;
  data::CroppedPictures pictures_;
  const models::DinoV2& teacher_;
  const StopRequested& stop_;
};

// Nothing where there is no such file.
std::optional<at::Tensor> read(const fs::path& path, int64_t pictures, const std::string& identity) {
  std::error_code none;
  if (!fs::exists(path, none)) return std::nullopt;
  const checkpoint::Loaded loaded = checkpoint::load_safetensors(path);
  const auto of = loaded.metadata.find(kOfKey);
  const auto found = loaded.tensors.find(kTensor);
  if (of == loaded.metadata.end() || found == loaded.tensors.end() || found->second.dim() != 3 ||
      found->second.scalar_type() != at::kBFloat16) {
    throw DataError(concat(quoted(path), " holds no features of pictures; give another repa.features"));
  }
  if (of->second != identity || found->second.size(0) != pictures) {
    throw DataError(concat(quoted(path), " holds features of ", printable(of->second), ", the run needs those of ",
                           identity, "; give another repa.features, or remove that folder"));
  }
  return found->second;
}

}  // namespace

FeatureStore::FeatureStore(const RunConfig& config, std::shared_ptr<const data::PictureSet> pictures,
                           const models::DinoV2* teacher, const dist::Group& group, const StopRequested& stop,
                           Progress& progress) {
  require_same_each_time(config.data);
  if (teacher == nullptr) throw ConfigError("repa.teacher is empty; name DINOv2's weights");
  const fs::path folder = config.repa.features;
  const int64_t size = pictures->size(), files = (size + kPicturesOfFile - 1) / kPicturesOfFile;
  const std::string identity = identity_of(config, *pictures, teacher->fingerprint());
  if (group.is_first()) fs::create_directories(folder);
  group.barrier();
  const auto pictures_of = [&](int64_t file) { return std::min(kPicturesOfFile, size - file * kPicturesOfFile); };
  Maker maker(config, pictures, *teacher, stop);
  for (int64_t file = group.rank(); file < files; file += group.size()) {
    const fs::path path = file_of(folder, file);
    if (read(path, pictures_of(file), identity)) continue;
    progress.update(file * kPicturesOfFile, size, "DINOv2's features of the pictures");
    const at::Tensor made = maker.make(file * kPicturesOfFile, file * kPicturesOfFile + pictures_of(file));
    checkpoint::save_safetensors(path, {{kTensor, made}}, {{kOfKey, identity}});
  }
  group.barrier();
  for (int64_t file = 0; file < files; ++file)
    files_.push_back(*read(file_of(folder, file), pictures_of(file), identity));
  if (group.is_first())
    log_info(concat("DINOv2's features of ", counted(size, "picture", "pictures"), " are in ", folder));
}

at::Tensor FeatureStore::of(const std::vector<int64_t>& pictures) const {
  std::vector<at::Tensor> rows;
  for (const int64_t picture : pictures) {
    rows.push_back(files_.at(static_cast<size_t>(picture / kPicturesOfFile))[picture % kPicturesOfFile]);
  }
  return at::stack(rows);
}

}  // namespace pixnerd::train
