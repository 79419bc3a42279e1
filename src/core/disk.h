// Room on a disk.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

namespace pixnerd {

// What this process may still write to the file system of `path`, a file or folder that is there; nothing where the
// system does not tell.
std::optional<uint64_t> free_disk_bytes(const std::filesystem::path& path);

}  // namespace pixnerd
