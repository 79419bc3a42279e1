#include "data/shards.h"

#include <algorithm>
#include <span>
#include <system_error>
#include <utility>

#include "core/errors.h"
#include "core/log.h"
#include "core/text.h"
#include "data/folder_scan.h"
#include "data/include.h"
#include "data/sample_labels.h"
#include "data/shard_paths.h"
#include "image/codec.h"

namespace pixnerd::data {
namespace {

namespace fs = std::filesystem;

// A process may have about a thousand files open; shards beyond this many are opened for each picture.
constexpr size_t kFilesKeptOpen = 256;

}  // namespace

bool is_shards(const fs::path& path) {
  std::error_code error;
  if (fs::is_regular_file(path, error) || is_shard_pattern(path)) return true;
  return fs::is_directory(path, error) && holds_shards(path) && !has_class_folders(path);
}

struct Shards::SetIndex {
  ClassNumbering classes;
  NameTable styles;
  std::string first_problem;
};

Shards::Shards(const DataConfig& config) : root_(config.path), reading_(reading_of(config)) {
  find_shards(config);
  SetIndex set;
  for (size_t i = 0; i < shards_.size(); ++i) index(static_cast<int32_t>(i), config.styles, set);
  if (samples_.empty()) refuse_empty(set.first_problem);
  number(set);
}

void Shards::find_shards(const DataConfig& config) {
  ShardPaths found = find_shard_paths(root_);
  unused_ = std::move(found.unused);
  for (std::string& name : included(std::move(found.names), config, "shard")) {
    fs::path path = found.folder / name;
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
    found = {{}, 1, error.what(), {}};
  }
  if (broken_ == 0) set.first_problem = found.first_problem;
  broken_ += found.broken;
  unused_.add(found.unused);
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

std::string Shards::picture_file(const Sample& sample, const std::string& name) const {
  const uint64_t limit = image::DecodeLimits{}.max_file_bytes;
  // Before memory is taken for it.
  if (static_cast<uint64_t>(sample.picture.size) > limit) {
    throw DataError(concat("picture '", name, "': ", human_bytes(static_cast<uint64_t>(sample.picture.size)),
                           " are over the limit of ", human_bytes(limit)));
  }
  return file_of(shard_of(sample))->read(sample.picture.offset, sample.picture.size);
}

Picture Shards::open(int64_t index) const {
  const std::string shown = printable(name(index)), bytes = picture_file(sample(index), shown);
  return read_picture(std::as_bytes(std::span(bytes)), shown, reading_);
}

std::vector<Caption> Shards::captions(int64_t index) const {
  const Sample& each = sample(index);
  SampleText text;
  if (!each.json.exists() && !each.txt.exists()) return {};
  const auto file = file_of(shard_of(each));
  try {
    if (each.json.exists()) add_json(file->read(each.json.offset, each.json.size), text);
    if (each.txt.exists()) add_caption(file->read(each.txt.offset, each.txt.size), text);
  } catch (const DataError& error) {
    throw DataError(concat("sample ", quoted(name(index)), ": ", error.what()));
  }
  return std::move(text.captions);
}

std::shared_ptr<const TarFile> Shards::file_of(const Shard& shard) const {
  return shard.file != nullptr ? shard.file : std::make_shared<const TarFile>(shard.path);
}

}  // namespace pixnerd::data
