// A file that one process at a time may hold, to keep two of them out of one folder.
#pragma once

#include <filesystem>

#include <optional>
#include <utility>

#include "core/descriptor.h"

namespace pixnerd {

class FileLock {
 public:
  // Makes the empty file if it is missing and locks it. The system lets go of it when the process ends, however it
  // ends; the file stays. DataError if another process holds it (the message ends in `mend`) or it cannot be made.
  FileLock(const std::filesystem::path& path, const char* mend);

  // The same, but nothing if another process holds it.
  static std::optional<FileLock> if_free(const std::filesystem::path& path);

 private:
  explicit FileLock(Descriptor descriptor) : descriptor_(std::move(descriptor)) {}

  Descriptor descriptor_;
};

}  // namespace pixnerd
