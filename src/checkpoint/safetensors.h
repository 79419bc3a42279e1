// Safetensors files, read by mapping and written whole. No torch here: tensors.h makes at::Tensor of the entries.
//
// The format: 8 bytes little-endian header length N, N bytes of JSON, then the tensors' bytes without holes:
//   {"__metadata__": {key: text}, name: {"dtype": "F32", "shape": [2, 3], "data_offsets": [begin, end]}, ...}
// https://github.com/huggingface/safetensors#format. A file is hostile until checked: whatever it holds, reading
// costs a bounded multiple of its header's size and ends in entries that are inside the file, or in an error.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "checkpoint/dtype.h"
#include "core/mapped_file.h"

namespace pixnerd::checkpoint {

using Metadata = std::map<std::string, std::string>;

// One tensor of a file: row-major elements at data, which belongs to whoever made the entry and may be unaligned.
struct TensorEntry {
  std::string name;
  DType dtype = DType::F32;
  std::vector<int64_t> shape;  // {} is a scalar; a side may be 0
  const std::byte* data = nullptr;
  size_t bytes = 0;  // bytes_of(product of shape, dtype)
};

struct SafetensorsContents {
  std::vector<TensorEntry> entries;  // in the order of their bytes in the file
  Metadata metadata;
};

// Reads a whole file that is in memory; the entries point into file. Checked before it returns: every name is there
// once; dtype is known; a shape has at most 64 sides, none negative, and its size fits 63 bits; the entries' ranges
// fill the rest of the file exactly, without overlap or hole; metadata is text.
// Throws CheckpointError that names source and, where there is one, the entry.
SafetensorsContents parse_safetensors(std::span<const std::byte> file, const std::string& source);

// A mapped file. Only the header is read; the bytes of a tensor come in when they are touched. Replacing the file
// by rename, as write_safetensors does, is no change of what is mapped.
class SafetensorsFile {
 public:
  // Throws DataError if the file cannot be opened, CheckpointError as parse_safetensors.
  static std::shared_ptr<const SafetensorsFile> open(const std::filesystem::path& path);

  const std::vector<TensorEntry>& entries() const { return contents_.entries; }
  const TensorEntry* find(std::string_view name) const;  // nullptr if there is none
  const Metadata& metadata() const { return contents_.metadata; }

 private:
  explicit SafetensorsFile(MappedFile file, const std::string& source);

  MappedFile file_;
  SafetensorsContents contents_;
  std::vector<size_t> by_name_;  // indices into contents_.entries, sorted by name
};

// Gives the bytes of entries[index] when their turn comes to be written; they must last until the next call. An empty
// function stands for the entries' own data.
using BytesOf = std::function<std::span<const std::byte>(size_t index)>;

// Writes entries, in any order, as Python's safetensors would: sorted by dtype and name, the header padded with
// spaces to a multiple of 8. The same entries and metadata give the same bytes. The file appears whole or not at all.
// Throws CheckpointError for entries that no reader would accept (a name twice or "__metadata__", bytes that do not
// fit the shape, text that is not UTF-8), DataError if the file cannot be written.
void write_safetensors(const std::filesystem::path& path, std::span<const TensorEntry> entries,
                       const Metadata& metadata = {}, const BytesOf& bytes_of_entry = {});

// The bytes of an entry from whichever of the two has them; CheckpointError if they are not as many as it states.
std::span<const std::byte> bytes_to_write(std::span<const TensorEntry> entries, size_t index,
                                          const BytesOf& bytes_of_entry, const std::string& source);

}  // namespace pixnerd::checkpoint
