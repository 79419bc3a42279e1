// Event files for TensorBoard: a file of TFRecords, each
//
//   length [8 bytes, little-endian] | masked CRC-32C of the length [4] | data | masked CRC-32C of the data [4]
//
// with an event (events.proto) as its data. The first event names the version of the format.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include "core/append_file.h"

namespace pixnerd {

// One point of a curve; TensorBoard keeps float32.
struct ScalarSummary {
  std::string tag;  // "train/loss": the part before the slash groups curves
  double value;
};

// Each call adds one record, in one write: however the process ends, earlier records are whole. DataError naming the
// file where it cannot be written; it then ends with the record before.
class EventWriter {
 public:
  static constexpr const char* kFileName = "events.out.tfevents.0.pixnerd";

  // Starts the file anew in `folder`, which must exist.
  explicit EventWriter(const std::filesystem::path& folder);

  // Goes on with the file in `folder` after step last_step: later events and a half-written last one are dropped.
  // So is, with a warning, everything from a damaged record on: where the next one begins is not known. The new content
  // replaces the old at once. Without a file, or for a negative last_step, starts anew.
  static EventWriter resume(const std::filesystem::path& folder, int64_t last_step);

  void add_scalars(int64_t step, std::span<const ScalarSummary> scalars);

  // `png` is a whole RGB file of that size.
  void add_image(int64_t step, const std::string& tag, std::span<const std::byte> png, int64_t width, int64_t height);

 private:
  explicit EventWriter(AppendFile file);

  AppendFile file_;
};

}  // namespace pixnerd
