// How far an .npz has come that is being written, beside the file itself, so that a run which was stopped can go on:
// lines of JSON, the first of the whole, then one for each picture that is there.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/append_file.h"
#include "core/file_lock.h"
#include "sample/picture_output.h"

namespace pixnerd::sample {

// A picture's checksum (checkpoint/zip_writer.h), where it has a line.
using Checksums = std::vector<std::optional<uint32_t>>;

class NpzJournal {
 public:
  // Keeps other processes from it while it lives; makes the file if it is missing. DataError.
  explicit NpzJournal(const std::filesystem::path& path);

  // The pictures that have a whole line: of a line that was cut short at the end nothing is left. Empty where not even
  // the first line is there. DataError if it is no such file; the message names it and the line.
  Checksums read() const;

  // Why those pictures are not those of `plan`, which must have records: "guidance is 3.0, not 4.0"; "" if they are.
  std::string mismatch(const OutputPlan& plan) const;

  // Forgets what is there.
  void begin(const OutputPlan& plan);

  // Goes on after what is there, without a line that was cut short.
  void go_on(const OutputPlan& plan);

  // After the picture's bytes are in their place.
  void add(int64_t picture, uint32_t checksum);

  // The file is whole and needs none any more. What cannot be removed stays.
  void remove();

 private:
  std::filesystem::path path_;
  FileLock lock_;
  OutputPlan plan_;
  std::optional<AppendFile> file_;
};

}  // namespace pixnerd::sample
