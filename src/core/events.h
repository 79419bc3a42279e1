// Event files for TensorBoard: a file of TFRecords, each
//
//   length [8 bytes, little-endian] | masked CRC-32C of the length [4] | data | masked CRC-32C of the data [4]
//
// with an event (events.proto) as its data. The first event names the version of the format, the second that a session
// starts and at which step: what a reader knows of that step and later ones, from files before, it drops.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/append_file.h"

namespace pixnerd {

// One point of a curve; TensorBoard keeps float32.
struct ScalarSummary {
  std::string tag;  // "train/loss": the part before the slash groups curves
  double value;
};

// Each call adds one record, in one write: however the process ends, earlier records are whole. DataError naming the
// file where it cannot be written; it then ends with the record before.
//
// Every writer has a file of its own, events.out.tfevents.00000002.pixnerd for the second one in a folder. A reader
// that is at work goes on to the file that comes next by name and never opens one again: none may be shortened or
// replaced.
class EventWriter {
 public:
  // In `folder`, which must exist. The file appears with the first event; no other process may write events there.
  EventWriter(const std::filesystem::path& folder, int64_t first_step);

  void add_scalars(int64_t step, std::span<const ScalarSummary> scalars);

  // `png` is a whole RGB file of that size.
  void add_image(int64_t step, const std::string& tag, std::span<const std::byte> png, int64_t width, int64_t height);

 private:
  AppendFile& file();

  std::filesystem::path path_;
  int64_t first_step_;
  std::optional<AppendFile> file_;
};

// The event files of a folder, in the order in which they were begun.
std::vector<std::filesystem::path> event_files(const std::filesystem::path& folder);

}  // namespace pixnerd
