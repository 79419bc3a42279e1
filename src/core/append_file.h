// A file that only grows, record by record: a log.
#pragma once

#include <filesystem>
#include <string_view>

#include "core/descriptor.h"

namespace pixnerd {

class AppendFile {
 public:
  // Makes the file, or keeps what is in it. DataError if it cannot be opened for writing.
  explicit AppendFile(const std::filesystem::path& path);
  // Adds the record to the end of the file in one write(2), with nothing kept back in the process: however that ends,
  // earlier records are whole. DataError if the record does not fit on the disk; the file is then as it was.
  void append(std::string_view record);

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  Descriptor descriptor_;
};

}  // namespace pixnerd
