#include "store/job_checks.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>

#include "core/hash.h"
#include "core/text.h"
#include "core/utf8.h"
#include "store/picture_folder.h"

namespace pixnerd::store {
namespace {

constexpr size_t kMostTextBytes = 16 << 20;
constexpr size_t kMostIdBytes = 64;
constexpr std::array<std::string_view, 5> kStates{"queued", "running", "done", "failed", "cancelled"};

using Fault = std::optional<std::string>;

bool is_id(std::string_view text) {
  return !text.empty() && text.size() <= kMostIdBytes && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  });
}

bool is_time(double seconds) {
  return std::isfinite(seconds) && seconds >= 0;
}

Fault fault_of_json(const std::string& text) {
  if (text.size() > kMostTextBytes) return concat("a text above ", human_bytes(kMostTextBytes));
  if (text.find('\0') != std::string::npos) return "JSON with a zero byte";
  if (!is_utf8(text)) return "JSON that is not UTF-8";
  return std::nullopt;
}

std::optional<uint64_t> number_of(std::string_view digits) {
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number, 16);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return number;
}

}  // namespace

std::string_view name_of(JobState state) {
  return kStates.at(static_cast<size_t>(state));
}

std::optional<JobState> job_state(std::string_view name) {
  const auto* const found = std::find(kStates.begin(), kStates.end(), name);
  if (found == kStates.end()) return std::nullopt;
  return static_cast<JobState>(found - kStates.begin());
}

Fault fault_of_time(double seconds) {
  return is_time(seconds) ? std::nullopt : Fault(concat("the time ", seconds));
}

Fault fault_of_texts(const std::vector<std::string>& texts) {
  for (const std::string& text : texts) {
    if (text.size() > kMostTextBytes) return concat("a text above ", human_bytes(kMostTextBytes));
  }
  return std::nullopt;
}

Fault fault_of(const StoredJob& job) {
  if (!is_id(job.id)) return concat("the id ", quoted(job.id));
  if (job.count < 0) return concat("a count of ", job.count);
  for (const double time : {job.created, job.started, job.ended}) {
    if (!is_time(time)) return fault_of_time(time);
  }
  for (const std::string& hash : job.inputs) {
    if (!is_hash(hash)) return concat("the hash ", quoted(hash));
  }
  if (Fault fault = fault_of_json(job.request)) return fault;
  if (Fault fault = fault_of_texts({job.api, job.client, job.model, job.error})) return fault;
  return fault_of_texts(job.warnings);
}

Fault fault_of(const StoredPicture& picture, int64_t count) {
  if (picture.index < 0 || picture.index >= count) return concat("picture ", picture.index, " of ", count);
  if (picture.width < 1 || picture.height < 1) return concat("a size of ", picture.width, " x ", picture.height);
  if (!is_hash(picture.hash)) return concat("the hash ", quoted(picture.hash));
  return fault_of_json(picture.record);
}

std::string text_of(const Cursor& cursor) {
  return hexadecimal(std::bit_cast<uint64_t>(cursor.created)) + hexadecimal(static_cast<uint64_t>(cursor.sequence));
}

std::optional<Cursor> cursor_of(std::string_view text) {
  if (text.size() != 32) return std::nullopt;
  const std::optional<uint64_t> created = number_of(text.substr(0, 16)), sequence = number_of(text.substr(16));
  if (!created || !sequence) return std::nullopt;
  const Cursor cursor{std::bit_cast<double>(*created), static_cast<int64_t>(*sequence)};
  if (!is_time(cursor.created) || cursor.sequence < 1 || text_of(cursor) != text) return std::nullopt;
  return cursor;
}

}  // namespace pixnerd::store
