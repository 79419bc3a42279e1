#include "checkpoint/safetensors.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <optional>
#include <ostream>
#include <set>
#include <tuple>

#include "checkpoint/messages.h"
#include "checkpoint/safetensors_header.h"
#include "checkpoint/strided_entry.h"
#include "checkpoint/weights_file.h"
#include "core/file.h"

namespace pixnerd::checkpoint {
namespace {

static_assert(std::endian::native == std::endian::little, "the file's elements are little-endian and read in place");

constexpr size_t kLengthBytes = 8;

// The length at the start of the file, checked against the file and the limit.
size_t header_bytes(std::span<const std::byte> file, const std::string& source) {
  if (file.size() < kLengthBytes) {
    throw error_in(source, concat("truncated: ", file.size(), " bytes are too few for a safetensors file"));
  }
  uint64_t length = 0;
  std::memcpy(&length, file.data(), kLengthBytes);
  if (length > kMaxHeaderBytes) {
    throw error_in(source, concat("no safetensors file: its header would have ", length, " bytes, at most ",
                                  kMaxHeaderBytes, " are allowed"));
  }
  if (length > file.size() - kLengthBytes) {
    throw error_in(source, concat("truncated: the header needs ", length, " bytes, ", file.size() - kLengthBytes,
                                  " are there; copy the file again"));
  }
  return length;
}

void require_unique_names(const std::vector<HeaderEntry>& entries, const std::string& source) {
  std::vector<std::string_view> names;
  names.reserve(entries.size());
  for (const HeaderEntry& entry : entries) names.push_back(entry.name);
  std::sort(names.begin(), names.end());
  const auto twice = std::adjacent_find(names.begin(), names.end());
  if (twice != names.end()) throw error_in(source, concat(printable(*twice), " is there twice"));
}

bool fills_bytes(std::span<const int64_t> shape, DType dtype) {
  uint64_t elements = 1;  // in eighths of what matters
  for (const int64_t side : shape) elements = elements * (static_cast<uint64_t>(side) % 8) % 8;
  return elements * bits_of(dtype) % 8 == 0;
}

// One entry against the data section it lies in; covered is where the entry before it ends.
void check_range(const HeaderEntry& entry, uint64_t covered, uint64_t data_bytes, const std::string& source) {
  const auto fail = [&](const auto&... what) { throw error_in(source, concat(printable(entry.name), " ", what...)); };
  const std::optional<uint64_t> bytes = size_of(entry.shape, entry.dtype);
  if (!bytes) fail("has shape ", entry.shape, ", too large for any file");
  if (!fills_bytes(entry.shape, entry.dtype)) {
    fail("has shape ", entry.shape, " in ", name_of(entry.dtype), ", which fills no whole bytes");
  }
  if (entry.end < entry.begin) fail("ends at byte ", entry.end, ", before its start at ", entry.begin);
  if (entry.end > data_bytes) {
    fail("ends at byte ", entry.end, " of the data, the file has ", data_bytes, "; it is truncated, copy it again");
  }
  if (entry.end - entry.begin != *bytes) {
    fail("has ", entry.end - entry.begin, " bytes, its shape ", entry.shape, " in ", name_of(entry.dtype), " needs ",
         *bytes);
  }
  if (entry.begin < covered) fail("overlaps the entry before it: starts at ", entry.begin, ", that ends at ", covered);
  if (entry.begin > covered) fail("starts at byte ", entry.begin, " after a hole that starts at ", covered);
}

// What the header of a file to be written says of entries, which are already in the file's order.
std::vector<HeaderEntry> lay_out(const std::vector<const TensorEntry*>& entries, const std::string& source) {
  std::vector<HeaderEntry> laid_out;
  std::set<std::string_view> names;
  uint64_t offset = 0;
  for (const TensorEntry* entry : entries) {
    const auto fail = [&](const auto&... what) {
      throw error_in(source, concat(printable(entry->name), " ", what...));
    };
    if (entry->name == kMetadataKey) fail("cannot be the name of a tensor");
    if (!in_safetensors(entry->dtype)) {
      fail("has dtype ", name_of(entry->dtype), ", which safetensors files do not hold");
    }
    if (!fills_bytes(entry->shape, entry->dtype)) fail("fills no whole bytes");
    if (!names.insert(entry->name).second) fail("is there twice");
    if (entry->shape.size() > kMaxRank) fail("has more than ", kMaxRank, " sides");
    const std::optional<uint64_t> bytes = size_of(entry->shape, entry->dtype);
    if (!bytes || *bytes != entry->bytes) {
      fail("has ", entry->bytes, " bytes, which do not fit its shape ", entry->shape);
    }
    laid_out.push_back({entry->name, entry->dtype, entry->shape, offset, offset + entry->bytes});
    offset += entry->bytes;
  }
  return laid_out;
}

}  // namespace

SafetensorsContents parse_safetensors(std::span<const std::byte> file, const std::string& source) {
  const size_t length = header_bytes(file, source);
  const std::span<const std::byte> data = file.subspan(kLengthBytes + length);
  Header header = parse_header({reinterpret_cast<const char*>(file.data()) + kLengthBytes, length}, source);
  require_unique_names(header.entries, source);
  std::stable_sort(header.entries.begin(), header.entries.end(), [](const HeaderEntry& a, const HeaderEntry& b) {
    return std::tie(a.begin, a.end) < std::tie(b.begin, b.end);
  });

  SafetensorsContents contents;
  contents.metadata = std::move(header.metadata);
  contents.entries.reserve(header.entries.size());
  uint64_t covered = 0;
  for (HeaderEntry& entry : header.entries) {
    check_range(entry, covered, data.size(), source);
    covered = entry.end;
    contents.entries.push_back({std::move(entry.name), entry.dtype, std::move(entry.shape), data.data() + entry.begin,
                                static_cast<size_t>(entry.end - entry.begin)});
  }
  if (covered != data.size()) {
    throw error_in(source, concat("the last ", data.size() - covered, " bytes belong to no entry"));
  }
  return contents;
}

SafetensorsFile::SafetensorsFile(MappedFile file, const std::string& source)
    : file_(std::move(file)), contents_(parse_safetensors({file_.data(), file_.size()}, source)) {
  by_name_.resize(contents_.entries.size());
  for (size_t i = 0; i < by_name_.size(); ++i) by_name_[i] = i;
  std::sort(by_name_.begin(), by_name_.end(),
            [&](size_t a, size_t b) { return contents_.entries[a].name < contents_.entries[b].name; });
}

std::shared_ptr<const SafetensorsFile> SafetensorsFile::open(const std::filesystem::path& path) {
  return std::shared_ptr<const SafetensorsFile>(new SafetensorsFile(MappedFile::open(path), path.string()));
}

const TensorEntry* SafetensorsFile::find(std::string_view name) const {
  const auto found = std::lower_bound(by_name_.begin(), by_name_.end(), name, [&](size_t i, std::string_view wanted) {
    return contents_.entries[i].name < wanted;
  });
  if (found == by_name_.end() || contents_.entries[*found].name != name) return nullptr;
  return &contents_.entries[*found];
}

void write_safetensors(const std::filesystem::path& path, std::span<const TensorEntry> entries,
                       const Metadata& metadata, const BytesOf& bytes_of_entry) {
  std::vector<const TensorEntry*> ordered;
  for (const TensorEntry& entry : entries) ordered.push_back(&entry);
  std::sort(ordered.begin(), ordered.end(), [](const TensorEntry* a, const TensorEntry* b) {
    return std::tie(a->dtype, a->name) < std::tie(b->dtype, b->name);
  });

  const std::string source = path.string();
  std::string header = header_text(lay_out(ordered, source), metadata, source);
  header.resize((header.size() + 7) / 8 * 8, ' ');
  if (header.size() > kMaxHeaderBytes) {
    throw error_in(source, concat("names, shapes and metadata need a header of ", header.size(), " bytes, at most ",
                                  kMaxHeaderBytes, " are allowed"));
  }

  write_file_atomically(path, [&](std::ostream& out) {
    const uint64_t length = header.size();
    out.write(reinterpret_cast<const char*>(&length), kLengthBytes);
    out.write(header.data(), static_cast<std::streamsize>(header.size()));
    MappedSources sources;
    for (const TensorEntry* entry : ordered) {
      const auto index = static_cast<size_t>(entry - entries.data());
      const std::span<const std::byte> bytes = bytes_to_write(entries, index, bytes_of_entry, source);
      sources.add(bytes.data());
      out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    }
    out.flush();
    require_unchanged(sources);
  });
}

std::span<const std::byte> bytes_to_write(std::span<const TensorEntry> entries, size_t index,
                                          const BytesOf& bytes_of_entry, const std::string& source) {
  const TensorEntry& entry = entries[index];
  if (!bytes_of_entry) return {entry.data, entry.bytes};
  const std::span<const std::byte> bytes = bytes_of_entry(index);
  if (bytes.size() == entry.bytes) return bytes;
  throw error_in(source, concat(printable(entry.name), " has ", bytes.size(), " bytes, not ", entry.bytes));
}

}  // namespace pixnerd::checkpoint
