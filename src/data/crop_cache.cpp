#include "data/crop_cache.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include "core/counted.h"
#include "core/destination.h"
#include "core/errors.h"
#include "core/file_lock.h"
#include "core/log.h"
#include "core/text.h"
#include "core/threads.h"
#include "core/timing.h"
#include "data/crop_file.h"
#include "data/pictures.h"
#include "data/prefetch.h"

namespace pixnerd::data {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kCompared = 8;  // pictures of a file that others have made
constexpr auto kBetweenLooks = std::chrono::milliseconds(100);
constexpr double kSecondsBetweenLines = 30;

class CachedSet : public PictureSet {
 public:
  CachedSet(std::shared_ptr<const PictureSet> set, fs::path path, CropFile file)
      : set_(std::move(set)), path_(std::move(path)), file_(std::move(file)) {}

  const fs::path& root() const override { return set_->root(); }
  int64_t size() const override { return set_->size(); }
  int64_t label(int64_t index) const override { return set_->label(index); }
  int64_t style(int64_t index) const override { return set_->style(index); }
  std::string name(int64_t index) const override { return set_->name(index); }
  std::vector<Caption> captions(int64_t index) const override { return set_->captions(index); }
  const std::vector<std::string>& classes() const override { return set_->classes(); }
  const std::vector<std::string>& styles() const override { return set_->styles(); }
  int64_t num_classes() const override { return set_->num_classes(); }
  int64_t broken_at_opening() const override { return set_->broken_at_opening(); }
  const Unused& unused() const override { return set_->unused(); }

  Picture open(int64_t index) const override {
    if (is_lost_ || !file_.is_readable(index)) return set_->open(index);
    if (std::optional<Picture> square = file_.read(index)) return *std::move(square);
    if (!is_lost_.exchange(true)) {
      log_warning(concat("cache of pictures ", quoted(path_),
                         " was changed or lost while it was in use: pictures are decoded again from now on"));
    }
    return set_->open(index);
  }

 private:
  std::shared_ptr<const PictureSet> set_;
  fs::path path_;
  CropFile file_;
  mutable std::atomic<bool> is_lost_ = false;
};

std::optional<Picture> square_of(const PictureSet& set, int64_t index, const DataConfig& config) {
  try {
    const Picture whole = set.open(index);
    return Picture{cropped(whole.image, config, config.largest_size()), whole.info};
  } catch (const DataError&) {  // said when the picture is wanted
    return std::nullopt;
  }
}

// Files in the data set would be taken for a part of it.
void require_outside(const PictureSet& set, const fs::path& path) {
  if (!lies_in(path, set.root())) return;
  throw DataError(
      concat("data.cache ", quoted(path), " lies in the data set ", quoted(set.root()), "; name a file elsewhere"));
}

bool exists(const fs::path& path) {
  std::error_code none;
  return fs::exists(path, none);
}

fs::path unfinished_name(const fs::path& path) {
  return concat(path, ".unfinished");
}

// The caller has the lock.
void make(const PictureSet& set, const DataConfig& config, const CropLayout& layout, Progress& progress) {
  const fs::path path = config.cache;
  UnfinishedCropFile file(unfinished_name(path), layout);
  const int64_t before = file.done();
  require_space(path, layout.bytes() - layout.square_at(before));
  log_info(concat("making the cache of pictures ", quoted(path), ": ", counted(layout.pictures, "picture", "pictures"),
                  ", ", human_bytes(layout.bytes()), before > 0 ? concat("; ", before, " are there already") : ""));
  const int64_t threads = hardware_threads();
  Prefetch<std::optional<Picture>> squares(layout.pictures - before, threads, 2 * threads,
                                           [&](int64_t i) { return square_of(set, before + i, config); });
  progress.update(before, layout.pictures, "");
  try {
    while (file.done() < layout.pictures) {
      file.add(squares.next());
      progress.update(file.done(), layout.pictures, "");
    }
  } catch (const Stopped&) {
    file.keep();
    throw;
  }
  file.commit(path);
}

// Whether it was made here and now; else it is there.
bool make_unless_there(const PictureSet& set, const DataConfig& config, const CropLayout& layout, Progress& progress) {
  bool is_told = false;
  while (!exists(config.cache)) {
    prepare_folder(fs::absolute(config.cache).parent_path());
    const fs::path unfinished = unfinished_name(config.cache);
    const std::optional<FileLock> lock = FileLock::if_free(unfinished);
    if (lock && exists(config.cache)) {  // it has got its name in between, and the lock has made a file anew
      std::error_code none;
      fs::remove(unfinished, none);
    } else if (lock) {
      make(set, config, layout, progress);
      return true;
    } else {
      if (!std::exchange(is_told, true)) {
        log_info(concat("waiting for another process, which makes the cache of pictures ", quoted(config.cache)));
      }
      progress.update(0, layout.pictures, "waiting");
      std::this_thread::sleep_for(kBetweenLooks);
    }
  }
  return false;
}

// A few from all over the set: others may lie under the same names, or be decoded otherwise.
void compare(const PictureSet& set, const DataConfig& config, const CropFile& file) {
  const int64_t count = std::min(kCompared, set.size());
  for (int64_t i = 0; i < count; ++i) {
    const int64_t index = count == 1 ? 0 : i * (set.size() - 1) / (count - 1);
    if (!file.is_readable(index)) continue;
    const std::optional<Picture> now = square_of(set, index, config), kept = file.read(index);
    if (now && kept && now->image.rgb == kept->image.rgb) continue;
    throw DataError(concat("cache of pictures ", quoted(config.cache), " has another picture than ",
                           quoted(set.name(index)),
                           " gives now: the pictures, or how they are decoded, have changed; remove it"));
  }
}

// A line now and then.
class LoggedProgress : public Progress {
 public:
  explicit LoggedProgress(const StopRequested& stop) : stop_(stop) {}

  void update(int64_t done, int64_t total, std::string_view) override {
    stop_if(stop_);
    rate_.update(done);
    const double now = steady_seconds();
    if (now - told_ < kSecondsBetweenLines || done == total) return;
    told_ = now;
    const auto left = rate_.seconds_left(total);
    log_info(
        concat("cache of pictures: ", done, " of ", total, left ? concat(", ", human_duration(*left), " left") : ""));
  }

 private:
  const StopRequested& stop_;
  RateMeter rate_{kSecondsBetweenLines};
  double told_ = steady_seconds();
};

}  // namespace

std::shared_ptr<const PictureSet> with_cache(std::shared_ptr<const PictureSet> set, const DataConfig& config,
                                             Progress& progress) {
  if (config.cache.empty()) return set;
  require_outside(*set, config.cache);
  const CropLayout layout = crop_layout(*set, config);
  const bool is_new = make_unless_there(*set, config, layout, progress);
  CropFile file(config.cache, layout);
  if (!is_new) compare(*set, config, file);
  return std::make_shared<const CachedSet>(std::move(set), config.cache, std::move(file));
}

std::shared_ptr<const PictureSet> with_cache(std::shared_ptr<const PictureSet> set, const DataConfig& config,
                                             const StopRequested& stop) {
  LoggedProgress progress(stop);
  return with_cache(std::move(set), config, progress);
}

}  // namespace pixnerd::data
