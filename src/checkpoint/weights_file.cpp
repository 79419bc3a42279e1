#include "checkpoint/weights_file.h"

#include <algorithm>
#include <cstring>
#include <set>
#include <span>

#include "checkpoint/checkpoint_path.h"
#include "checkpoint/messages.h"
#include "checkpoint/shard_index.h"
#include "checkpoint/torch_file.h"

namespace pixnerd::checkpoint {
namespace {

std::span<const std::byte> bytes_of(const MappedFile& file) {
  return {file.data(), file.size()};
}

// A header of a length that is possible, with JSON behind it.
bool starts_like_safetensors(std::span<const std::byte> file) {
  uint64_t length = 0;
  if (file.size() <= sizeof(length)) return false;
  std::memcpy(&length, file.data(), sizeof(length));
  return length >> 32 == 0 && file[sizeof(length)] == std::byte{'{'};
}

bool starts_like_json(std::span<const std::byte> file) {
  const auto first = std::find_if(file.begin(), file.end(), [](std::byte each) {
    return each != std::byte{' '} && each != std::byte{'\n'} && each != std::byte{'\r'} && each != std::byte{'\t'};
  });
  return first != file.end() && *first == std::byte{'{'};
}

// The first short texts and numbers of the outermost dict: a pickle can repeat a long text for a few bytes each time.
Metadata metadata_of(const Pickle& pickle) {
  constexpr size_t kMaxTextBytes = 1000, kMaxTexts = 1000;
  const PickleValues& values = pickle.values;
  Metadata metadata;
  if (!values.is(pickle.root, ValueKind::dict)) return metadata;
  const std::span<const ValueId> pairs = values.items(pickle.root);
  for (size_t i = 0; i + 1 < pairs.size() && metadata.size() < kMaxTexts; i += 2) {
    const auto is_long = [&](ValueId id) {
      return values.is(id, ValueKind::text) && values.text(id).size() > kMaxTextBytes;
    };
    if (!values.is(pairs[i], ValueKind::text) || is_long(pairs[i]) || is_long(pairs[i + 1])) continue;
    std::string& text = metadata[std::string(values.text(pairs[i]))];
    switch (values.kind(pairs[i + 1])) {
      case ValueKind::text:
        text = values.text(pairs[i + 1]);
        break;
      case ValueKind::integer:
        text = concat(values.integer(pairs[i + 1]));
        break;
      case ValueKind::real:
        text = concat(values.real(pairs[i + 1]));
        break;
      case ValueKind::boolean:
        text = values.boolean(pairs[i + 1]) ? "true" : "false";
        break;
      default:
        metadata.erase(std::string(values.text(pairs[i])));
    }
  }
  return metadata;
}

}  // namespace

void require_unchanged(const MappedSources& sources) {
  if (const auto path = sources.changed()) throw changed_error(path->string());
}

const char* name_of(WeightsFormat format) {
  switch (format) {
    case WeightsFormat::safetensors:
      return "safetensors";
    case WeightsFormat::sharded_safetensors:
      return "safetensors in several files";
    case WeightsFormat::torch_zip:
      return "PyTorch (zip)";
    case WeightsFormat::torch_legacy:
      break;
  }
  return "PyTorch (older form)";
}

std::shared_ptr<const WeightsFile> WeightsFile::open(const std::filesystem::path& given, const PickleOptions& options) {
  const std::shared_ptr<WeightsFile> opened(new WeightsFile);
  const std::filesystem::path path = checkpoint_path(given);
  opened->source_ = path.string();
  opened->files_.push_back(MappedFile::open(path));
  try {
    opened->parse(path, options);
  } catch (const CheckpointError&) {
    opened->require_unchanged();  // otherwise that is what is to be said
    throw;
  }
  opened->require_unchanged();
  opened->sort_names();
  return opened;
}

void WeightsFile::parse(const std::filesystem::path& path, const PickleOptions& options) {
  const std::span<const std::byte> file = bytes_of(files_[0]);
  if (starts_like_safetensors(file)) {
    add_safetensors(parse_safetensors(file, source_));
  } else if (starts_like_torch_file(file)) {
    open_torch(options);
  } else if (starts_like_json(file)) {
    open_shards(path, {reinterpret_cast<const char*>(file.data()), file.size()});
  } else if (const std::string stranger = known_stranger(file); !stranger.empty()) {
    throw error_in(source_, stranger);
  } else {
    throw error_in(source_, file.empty() ? "the file is empty"
                                         : "is no file of weights: neither safetensors, nor their index, nor a file of "
                                           "torch.save or PyTorch Lightning");
  }
}

void WeightsFile::require_unchanged() const {
  for (const MappedFile& file : files_) {
    if (file.is_changed()) throw changed_error(source_);
  }
}

void WeightsFile::add_safetensors(SafetensorsContents contents) {
  for (TensorEntry& entry : contents.entries) {
    StridedEntry added{std::move(entry.name), entry.dtype, std::move(entry.shape), {}, entry.data, entry.bytes};
    added.strides = row_major(added.shape);
    entries_.push_back(std::move(added));
  }
  metadata_.merge(contents.metadata);
}

void WeightsFile::open_shards(const std::filesystem::path& index, std::string_view json) {
  constexpr size_t kMaxIndexBytes = 100'000'000;
  if (json.size() > kMaxIndexBytes) throw error_in(source_, "is too large for an index of safetensors files");
  format_ = WeightsFormat::sharded_safetensors;
  const ShardIndex placed = parse_shard_index(json, source_);
  std::set<std::string> names;
  for (const auto& [tensor, file] : placed) names.insert(file);
  for (const std::string& name : names) {
    const std::filesystem::path path = index.parent_path() / name;
    files_.push_back(MappedFile::open(path));
    const size_t before = entries_.size();
    add_safetensors(parse_safetensors(bytes_of(files_.back()), path.string()));
    for (size_t i = before; i < entries_.size(); ++i) {
      const auto found = placed.find(entries_[i].name);
      if (found == placed.end() || found->second != name) {
        throw error_in(path.string(),
                       concat("holds ", printable(entries_[i].name), ", which the index does not place there"));
      }
    }
  }
  if (entries_.size() == placed.size()) return;
  std::set<std::string_view> found;
  for (const StridedEntry& entry : entries_) found.insert(entry.name);
  for (const auto& [tensor, file] : placed) {
    if (!found.contains(tensor)) {
      throw error_in(source_, concat("places ", printable(tensor), " in ", quoted(file), ", which does not hold it"));
    }
  }
}

void WeightsFile::open_torch(const PickleOptions& options) {
  TorchContents contents = parse_torch_file(bytes_of(files_[0]), options, source_);
  format_ = contents.form == TorchForm::zip ? WeightsFormat::torch_zip : WeightsFormat::torch_legacy;
  entries_ = std::move(contents.entries);
  metadata_ = metadata_of(contents.pickle);
  pickle_ = std::move(contents.pickle);
}

uint64_t WeightsFile::bytes() const {
  uint64_t sum = 0;
  for (const MappedFile& file : files_) sum += file.size();
  return sum;
}

const StridedEntry* WeightsFile::find(std::string_view name) const {
  const auto found = std::lower_bound(by_name_.begin(), by_name_.end(), name,
                                      [&](size_t i, std::string_view wanted) { return entries_[i].name < wanted; });
  if (found == by_name_.end() || entries_[*found].name != name) return nullptr;
  return &entries_[*found];
}

void WeightsFile::sort_names() {
  by_name_.resize(entries_.size());
  for (size_t i = 0; i < by_name_.size(); ++i) by_name_[i] = i;
  std::sort(by_name_.begin(), by_name_.end(), [&](size_t a, size_t b) { return entries_[a].name < entries_[b].name; });
}

}  // namespace pixnerd::checkpoint
