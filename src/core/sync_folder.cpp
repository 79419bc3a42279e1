#include "core/sync_folder.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "core/descriptor.h"

namespace pixnerd {

void sync_folder_of(const std::filesystem::path& target) {
  const std::filesystem::path folder = target.has_parent_path() ? target.parent_path() : std::filesystem::path(".");
  const Descriptor descriptor(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!descriptor.ok()) return;
  if (::fsync(descriptor.get()) != 0 && errno != EINVAL && errno != ENOTSUP) {
    fail_file("sync the folder of", target, errno);
  }
}

}  // namespace pixnerd
