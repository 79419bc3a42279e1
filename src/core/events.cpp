#include "core/events.h"

#include <events.pb.h>

#include <chrono>
#include <optional>
#include <ostream>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "core/crc32c.h"
#include "core/errors.h"
#include "core/file.h"
#include "core/log.h"
#include "core/mapped_file.h"
#include "core/text.h"

namespace pixnerd {
namespace {

namespace fs = std::filesystem;

constexpr const char* kVersion = "brain.Event:2";
constexpr size_t kLengthBytes = 8, kChecksumBytes = 4, kHeaderBytes = kLengthBytes + kChecksumBytes;
constexpr size_t kMaxDataBytes = size_t{1} << 30;  // protobuf counts in 31 bits

std::string little_endian(uint64_t number, size_t bytes) {
  std::string out;
  for (size_t i = 0; i < bytes; ++i) out += static_cast<char>(number >> (8 * i) & 0xFF);
  return out;
}

uint64_t from_little_endian(std::string_view bytes) {
  uint64_t number = 0;
  for (size_t i = 0; i < bytes.size(); ++i) number |= uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
  return number;
}

// TFRecords rotate and shift a checksum, for data that holds checksums itself.
std::string masked_checksum(std::string_view bytes) {
  const uint32_t crc = crc32c(bytes);
  return little_endian(((crc >> 15) | (crc << 17)) + 0xA282EAD8, kChecksumBytes);
}

std::string record_of(const tensorboard::Event& event) {
  const std::string data = event.SerializeAsString();
  const std::string length = little_endian(data.size(), kLengthBytes);
  return length + masked_checksum(length) + data + masked_checksum(data);
}

tensorboard::Event event_at(int64_t step) {
  tensorboard::Event event;
  event.set_wall_time(std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count());
  event.set_step(step);
  return event;
}

std::string first_record() {
  tensorboard::Event event = event_at(0);
  event.set_file_version(kVersion);
  return record_of(event);
}

// Walks through the records of a file.
class RecordReader {
 public:
  explicit RecordReader(std::string_view file) : rest_(file) {}

  // The next whole record, its data parsed into `event`; nothing at the end, which may be half a record, and at a
  // damaged one.
  std::optional<std::string_view> next(tensorboard::Event& event) {
    if (rest_.size() < kHeaderBytes) return std::nullopt;
    const std::string_view length = rest_.substr(0, kLengthBytes);
    const uint64_t size = from_little_endian(length);
    if (rest_.substr(kLengthBytes, kChecksumBytes) != masked_checksum(length) || size > kMaxDataBytes) return damage();
    if (rest_.size() < kHeaderBytes + size + kChecksumBytes) return std::nullopt;
    const std::string_view data = rest_.substr(kHeaderBytes, size);
    const std::string_view checksum = rest_.substr(kHeaderBytes + size, kChecksumBytes);
    if (checksum != masked_checksum(data)) return damage();
    if (!event.ParseFromArray(data.data(), static_cast<int>(size))) return damage();
    const std::string_view record = rest_.substr(0, kHeaderBytes + size + kChecksumBytes);
    rest_.remove_prefix(record.size());
    return record;
  }

  bool damaged() const { return damaged_; }
  size_t rest() const { return rest_.size(); }  // bytes after the last whole record

 private:
  std::nullopt_t damage() {
    damaged_ = true;
    return std::nullopt;
  }

  std::string_view rest_;
  bool damaged_ = false;
};

// The records up to last_step; none if the file does not begin as it must.
std::vector<std::string_view> records_until(int64_t last_step, std::string_view file, const fs::path& path) {
  std::vector<std::string_view> records;
  RecordReader reader(file);
  tensorboard::Event event;
  bool first = true, foreign = false;
  while (const auto record = reader.next(event)) {
    foreign = first && event.file_version() != kVersion;
    if (foreign) break;
    first = false;
    if (event.step() <= last_step) records.push_back(*record);
  }
  if (foreign) {
    log_warning(concat(quoted(path), " does not begin as an event file; it is started anew"));
  } else if (reader.damaged()) {
    log_warning(concat(quoted(path), " is damaged at byte ", file.size() - reader.rest(),
                       "; the events from there on are left out"));
  }
  return records;
}

size_t total_size(const std::vector<std::string_view>& records) {
  size_t bytes = 0;
  for (const std::string_view record : records) bytes += record.size();
  return bytes;
}

AppendFile start_anew(const fs::path& path) {
  write_file_atomically(path, [](std::ostream& out) { out << first_record(); });
  return AppendFile(path);
}

AppendFile go_on(const fs::path& path, int64_t last_step) {
  std::error_code ignored;
  if (last_step < 0 || !fs::exists(path, ignored)) return start_anew(path);
  const MappedFile file = MappedFile::open(path);
  const std::string_view content(reinterpret_cast<const char*>(file.data()), file.size());
  const std::vector<std::string_view> records = records_until(last_step, content, path);
  if (records.empty()) return start_anew(path);
  if (total_size(records) < content.size()) {
    write_file_atomically(path, [&](std::ostream& out) {
      for (const std::string_view record : records) out << record;
    });
  }
  return AppendFile(path);
}

void append(AppendFile& file, const tensorboard::Event& event) {
  if (event.ByteSizeLong() > kMaxDataBytes) {
    throw DataError(
        concat("cannot write ", quoted(file.path()), ": an event is larger than ", human_bytes(kMaxDataBytes)));
  }
  file.append(record_of(event));
}

}  // namespace

EventWriter::EventWriter(AppendFile file) : file_(std::move(file)) {}

EventWriter::EventWriter(const fs::path& folder) : EventWriter(start_anew(folder / kFileName)) {}

EventWriter EventWriter::resume(const fs::path& folder, int64_t last_step) {
  return EventWriter(go_on(folder / kFileName, last_step));
}

void EventWriter::add_scalars(int64_t step, std::span<const ScalarSummary> scalars) {
  tensorboard::Event event = event_at(step);
  for (const ScalarSummary& scalar : scalars) {
    tensorboard::Summary::Value& value = *event.mutable_summary()->add_value();
    value.set_tag(scalar.tag);
    value.set_simple_value(static_cast<float>(scalar.value));
  }
  append(file_, event);
}

void EventWriter::add_image(int64_t step, const std::string& tag, std::span<const std::byte> png, int64_t width,
                            int64_t height) {
  constexpr int32_t kRgb = 3;
  tensorboard::Event event = event_at(step);
  tensorboard::Summary::Value& value = *event.mutable_summary()->add_value();
  value.set_tag(tag);
  tensorboard::Summary::Image& image = *value.mutable_image();
  image.set_width(static_cast<int32_t>(width));
  image.set_height(static_cast<int32_t>(height));
  image.set_colorspace(kRgb);
  image.set_encoded_image_string(png.data(), png.size());
  append(file_, event);
}

}  // namespace pixnerd
