// Safetensors files end in a CheckpointError, or in entries that fill the data of the file exactly, each of the size
// that its shape and dtype need; and their header, written anew, reads back as the same.
#include "checkpoint/safetensors.h"

#include <vector>

#include "checkpoint/safetensors_header.h"
#include "tests/fuzz/checks.h"

namespace {

using namespace pixnerd;
using namespace pixnerd::checkpoint;
using fuzz::require;

void check_entries(const SafetensorsContents& contents, std::span<const std::byte> file) {
  const std::byte* const end = file.data() + file.size();
  const std::byte* covered = contents.entries.empty() ? end : contents.entries.front().data;
  for (const TensorEntry& entry : contents.entries) {
    require(entry.data == covered, "each entry begins where the one before it ends");
    covered += entry.bytes;
    require(covered >= file.data() && covered <= end, "entries lie inside the file");
    uint64_t elements = 1;
    for (const int64_t side : entry.shape) elements *= static_cast<uint64_t>(side);
    require(bytes_of(elements, entry.dtype) == entry.bytes, "an entry has the bytes that its shape needs");
  }
  require(covered == end, "entries fill the file to its end");
}

void check_round_trip(const SafetensorsContents& contents) {
  std::vector<HeaderEntry> entries;
  uint64_t offset = 0;
  for (const TensorEntry& entry : contents.entries) {
    entries.push_back({entry.name, entry.dtype, entry.shape, offset, offset + entry.bytes});
    offset += entry.bytes;
  }
  const Header again = parse_header(header_text(entries, contents.metadata, "again"), "again");
  require(again.metadata == contents.metadata, "metadata is written as it was read");
  require(again.entries.size() == entries.size(), "all entries are written");
  for (size_t i = 0; i < entries.size(); ++i) {
    require(again.entries[i].name == entries[i].name, "names are written as they were read");
    require(again.entries[i].shape == entries[i].shape, "shapes are written as they were read");
    require(again.entries[i].dtype == entries[i].dtype, "dtypes are written as they were read");
    require(again.entries[i].end == entries[i].end, "offsets are written as they were given");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::span<const std::byte> file = fuzz::as_bytes(data, size);
  SafetensorsContents contents;
  if (!fuzz::accepts<CheckpointError>([&] { contents = parse_safetensors(file, "x.safetensors"); })) return 0;
  check_entries(contents, file);
  check_round_trip(contents);
  return 0;
}
