#include "core/events.h"

#include <events.pb.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <string_view>
#include <utility>

#include "core/crc32c.h"
#include "core/errors.h"
#include "core/text.h"

namespace pixnerd {
namespace {

namespace fs = std::filesystem;

constexpr const char* kVersion = "brain.Event:2";
constexpr std::string_view kBegin = "events.out.tfevents.", kEnd = ".pixnerd";
constexpr size_t kLengthBytes = 8, kChecksumBytes = 4;
constexpr size_t kMaxDataBytes = size_t{1} << 30;  // protobuf counts in 31 bits

std::string little_endian(uint64_t number, size_t bytes) {
  std::string out;
  for (size_t i = 0; i < bytes; ++i) out += static_cast<char>(number >> (8 * i) & 0xFF);
  return out;
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

std::string first_records(int64_t first_step) {
  tensorboard::Event version = event_at(0), start = event_at(first_step);
  version.set_file_version(kVersion);
  start.mutable_session_log()->set_status(tensorboard::SessionLog::START);
  return record_of(version) + record_of(start);
}

// The number in "events.out.tfevents.00000002.pixnerd"; nothing for other names.
std::optional<int64_t> number_of(const std::string& name) {
  if (name.size() < kBegin.size() + kEnd.size() || !name.starts_with(kBegin) || !name.ends_with(kEnd)) return {};
  const char* end = name.data() + name.size() - kEnd.size();
  int64_t number = 0;
  const auto [stopped, error] = std::from_chars(name.data() + kBegin.size(), end, number);
  if (error != std::errc{} || stopped != end || number < 0) return {};
  return number;
}

std::vector<std::pair<int64_t, fs::path>> numbered_files(const fs::path& folder) {
  std::vector<std::pair<int64_t, fs::path>> found;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (const auto number = number_of(entry.path().filename().string())) found.emplace_back(*number, entry.path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

// Names of equal length, as readers go by the order of the names.
fs::path next_file(const fs::path& folder) {
  const auto before = numbered_files(folder);
  char number[32];
  std::snprintf(number, sizeof number, "%08lld", static_cast<long long>(before.empty() ? 1 : before.back().first + 1));
  return folder / concat(kBegin, number, kEnd);
}

void append(AppendFile& file, const tensorboard::Event& event) {
  if (event.ByteSizeLong() > kMaxDataBytes) {
    throw DataError(
        concat("cannot write ", quoted(file.path()), ": an event is larger than ", human_bytes(kMaxDataBytes)));
  }
  file.append(record_of(event));
}

}  // namespace

EventWriter::EventWriter(const fs::path& folder, int64_t first_step)
    : path_(next_file(folder)), first_step_(first_step) {}

AppendFile& EventWriter::file() {
  if (!file_) {
    AppendFile fresh(path_);
    fresh.append(first_records(first_step_));
    file_.emplace(std::move(fresh));
  }
  return *file_;
}

void EventWriter::add_scalars(int64_t step, std::span<const ScalarSummary> scalars) {
  tensorboard::Event event = event_at(step);
  for (const ScalarSummary& scalar : scalars) {
    tensorboard::Summary::Value& value = *event.mutable_summary()->add_value();
    value.set_tag(scalar.tag);
    value.set_simple_value(static_cast<float>(scalar.value));
  }
  append(file(), event);
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
  append(file(), event);
}

std::vector<fs::path> event_files(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& [number, path] : numbered_files(folder)) files.push_back(path);
  return files;
}

}  // namespace pixnerd
