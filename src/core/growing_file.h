// A file that takes hours to fill. Until it is whole it has a name of its own, and what a process that ended has
// written stays there for the next one; AtomicFile (file.h) is for files that are written in one go.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>

#include "core/descriptor.h"

namespace pixnerd {

class GrowingFile {
 public:
  // Makes the file, or keeps what is in it. DataError, as everywhere here, with what the system says.
  explicit GrowingFile(const std::filesystem::path& path);

  // At any place: what lies between is zeros until it is written.
  void write(uint64_t offset, std::span<const std::byte> bytes);

  // Fills all of `bytes`; false where the file ends before.
  bool read(uint64_t offset, std::span<std::byte> bytes) const;

  // What was written so far outlives the machine's end.
  void sync();

  // It is whole with so many bytes: cuts what lies behind, syncs it to the disk and renames it to `target`, whose
  // permissions it takes if that is replaced. It must be in the same folder.
  void commit(const std::filesystem::path& target, uint64_t bytes);

 private:
  std::filesystem::path path_;
  Descriptor descriptor_;
};

}  // namespace pixnerd
