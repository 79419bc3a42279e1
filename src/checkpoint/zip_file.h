// The members of a zip file that lies in memory, found through its central directory (APPNOTE.TXT 6.3, with the
// zip64 records). Only members that are stored as they are, which is how PyTorch writes them: their bytes are used
// where they lie. No CRC is computed, because that would read the whole file.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pixnerd::checkpoint {

struct ZipMember {
  std::string_view name;  // in the file; printable, relative, with '/' between its parts and no part ".."
  std::span<const std::byte> data;
};

bool starts_like_zip(std::span<const std::byte> file);

// The members in the order of the directory. Checked before it returns: names are sound and there once; no member is
// compressed or encrypted; each lies inside the file, before the directory, apart from all others, behind a local
// header of the same name. Time and memory are bounded by the directory's size.
// Throws CheckpointError that names source and, where there is one, the member.
std::vector<ZipMember> parse_zip(std::span<const std::byte> file, const std::string& source);

}  // namespace pixnerd::checkpoint
