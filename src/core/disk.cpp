#include "core/disk.h"

#include <system_error>

namespace pixnerd {

std::optional<uint64_t> free_disk_bytes(const std::filesystem::path& path) {
  std::error_code error;
  const std::filesystem::space_info space = std::filesystem::space(path, error);
  if (error) return std::nullopt;
  return space.available;
}

}  // namespace pixnerd
