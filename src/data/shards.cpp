#include "data/shards.h"

#include <algorithm>
#include <span>
#include <system_error>
#include <utility>

#include "core/errors.h"
#include "core/log.h"
#include "core/text.h"
#include "data/include.h"
#include "data/sample_background.h"
#include "data/sample_labels.h"
#include "image/codec.h"

namespace pixnerd::data {
namespace {

namespace fs = std::filesystem;

// A process may have about a thousand files open; shards beyond this many are opened for each picture.
constexpr size_t kFilesKeptOpen = 256;

// The sorted names of a folder's shards. A link that leads nowhere is one too: opening it fails, and that is reported.
std::vector<std::string> shard_names(const fs::path& folder, std::error_code& error) {
  std::vector<std::string> names;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    std::string name = entry->path().filename().string();
    std::error_code ignored;
    const bool is_tar = !name.starts_with('.') && name.ends_with(".tar") && !entry->is_directory(ignored);
    if (is_tar) names.push_back(std::move(name));
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

bool is_shards(const fs::path& path) {
  std::error_code error;
  if (fs::is_regular_file(path, error)) return true;
  return fs::is_directory(path, error) && !shard_names(path, error).empty();
}

struct Shards::SetIndex {
  ClassNumbering classes;
  NameTable styles;
  std::string first_problem;
};

Shards::Shards(const DataConfig& config) : root_(config.path), background_(background_of(config)) {
  find_shards(config);
  SetIndex set;
  for (size_t i = 0; i < shards_.size(); ++i) index(static_cast<int32_t>(i), config.styles, set);
  if (samples_.empty()) refuse_empty(set.first_problem);
  number(set);
}

void Shards::find_shards(const DataConfig& config) {
  std::error_code error;
  std::vector<std::string> names{root_.filename().string()};
  const bool is_folder = fs::is_directory(root_, error);
  if (is_folder) {
    names = shard_names(root_, error);
    if (error) throw DataError(concat("folder ", quoted(root_), " cannot be listed: ", error.message()));
    if (names.empty()) throw DataError(concat("data set ", quoted(root_), " holds no shard (*.tar)"));
  } else if (!fs::exists(root_, error)) {
    throw DataError(concat("data set ", quoted(root_), ": no such file or folder"));
  }
  for (std::string& name : included(std::move(names), config, "shard")) {
    fs::path path = is_folder ? root_ / name : root_;
    shards_.push_back({std::move(name), std::move(path), nullptr});
  }
}

void Shards::index(int32_t shard, bool with_styles, SetIndex& set) {
  Shard& here = shards_[static_cast<size_t>(shard)];
  ShardIndex found;
  try {
    const auto file = std::make_shared<const TarFile>(here.path);
    found = index_shard(*file, here.name);
    bytes_ += static_cast<uint64_t>(file->size());
    if (static_cast<size_t>(shard) < kFilesKeptOpen) here.file = file;
  } catch (const NotTarError&) {
    throw;
  } catch (const DataError& error) {
    log_warning(concat("skipped a shard: ", error.what()));
    found = {{}, 1, error.what()};
  }
  if (broken_ == 0) set.first_problem = found.first_problem;
  broken_ += found.broken;
  for (IndexedSample& each : found.samples) {
    set.classes.add(each.text.label, each.text.class_name);
    const int64_t style = with_styles ? set.styles.add(each.text.style.value_or("")) : -1;
    samples_.push_back({std::move(each.key), each.picture, each.json, each.txt, -1, style, shard});
  }
}

void Shards::number(const SetIndex& set) {
  ClassNumbers numbers = set.classes.numbers([this](int64_t index) { return name(index); });
  NameTable::Sorted sorted = set.styles.sorted();
  for (size_t i = 0; i < samples_.size(); ++i) {
    Sample& each = samples_[i];
    each.label = numbers.labels[i];
    if (each.style >= 0) each.style = sorted.ranks[static_cast<size_t>(each.style)];
  }
  classes_ = std::move(numbers.names);
  num_classes_ = numbers.num_classes;
  styles_ = std::move(sorted.names);
}

void Shards::refuse_empty(const std::string& first_problem) const {
  const std::string what = concat("data set ", quoted(root_), ": no picture in its ", shards_.size(),
                                  shards_.size() == 1 ? " shard" : " shards");
  if (broken_ > 0) throw DataError(concat(what, "; the first of ", broken_, " problems: ", first_problem));
  throw DataError(concat(what, "; a sample is key.png, key.jpg or key.webp, with key.json, key.cls or key.txt"));
}

std::string Shards::name(int64_t index) const {
  return concat(shard_of(sample(index)).name, "/", sample(index).key);
}

std::string Shards::picture_file(int64_t index) const {
  const Sample& each = sample(index);
  const uint64_t limit = image::DecodeLimits{}.max_file_bytes;
  // Before memory is taken for it.
  if (static_cast<uint64_t>(each.picture.size) > limit) {
    throw DataError(concat("picture ", quoted(name(index)), ": ", human_bytes(static_cast<uint64_t>(each.picture.size)),
                           " are over the limit of ", human_bytes(limit)));
  }
  return open(shard_of(each))->read(each.picture.offset, each.picture.size);
}

image::Image Shards::read(int64_t index) const {
  const std::string bytes = picture_file(index);
  return image::decode(std::as_bytes(std::span(bytes)), name(index), {}, background_);
}

std::vector<Caption> Shards::captions(int64_t index) const {
  const Sample& each = sample(index);
  SampleText text;
  if (!each.json.exists() && !each.txt.exists()) return {};
  const auto file = open(shard_of(each));
  try {
    if (each.json.exists()) add_json(file->read(each.json.offset, each.json.size), text);
    if (each.txt.exists()) add_caption(file->read(each.txt.offset, each.txt.size), text);
  } catch (const DataError& error) {
    throw DataError(concat("sample ", quoted(name(index)), ": ", error.what()));
  }
  return std::move(text.captions);
}

std::shared_ptr<const TarFile> Shards::open(const Shard& shard) const {
  return shard.file != nullptr ? shard.file : std::make_shared<const TarFile>(shard.path);
}

}  // namespace pixnerd::data
