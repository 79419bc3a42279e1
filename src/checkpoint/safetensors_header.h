// The JSON header of a safetensors file, to and from entries that are not yet checked against the file.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "checkpoint/safetensors.h"
#include "checkpoint/strided_entry.h"

namespace pixnerd::checkpoint {

inline constexpr size_t kMaxHeaderBytes = 100'000'000;  // as Python's safetensors
inline constexpr std::string_view kMetadataKey = "__metadata__";

// An entry as the header states it. Only its form has been checked: sides and offsets are anything up to 2^63 - 1.
struct HeaderEntry {
  std::string name;
  DType dtype = DType::F32;
  std::vector<int64_t> shape;
  uint64_t begin = 0, end = 0;  // bytes, counted from the end of the header
};

struct Header {
  std::vector<HeaderEntry> entries;  // in the header's order; names may repeat
  Metadata metadata;
};

// Throws CheckpointError for anything but an object of entries and metadata. No tree is built, so nesting and
// repeated keys cost nothing: the first value out of place ends the parse.
Header parse_header(std::string_view json, const std::string& source);

// Compact JSON, metadata first, then the entries in the order given; not padded. Throws CheckpointError for text that
// is not UTF-8.
std::string header_text(std::span<const HeaderEntry> entries, const Metadata& metadata, const std::string& source);

// Throws CheckpointError for text that is not UTF-8.
void require_utf8(const std::string& text, const std::string& source);

}  // namespace pixnerd::checkpoint
