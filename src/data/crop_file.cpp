#include "data/crop_file.h"

#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <span>
#include <string_view>
#include <utility>

#include "config/member.h"
#include "core/errors.h"
#include "core/hash.h"
#include "core/text.h"

namespace pixnerd::data {
namespace {

constexpr uint64_t kPage = 4096;
constexpr const char* kFirstLine = "pixnerd squares 1";
constexpr const char* kRemoveIt = "; remove it, or name another file";
// So much may have to be made again after the machine's end.
constexpr uint64_t kBytesBetweenSyncs = uint64_t{64} << 20;

enum class State : uint8_t { missing, readable, unreadable };
enum Flag : uint8_t { kAlpha = 1, kGrey = 2 };

struct Record {
  int32_t width = 0, height = 0;
  State state = State::missing;
  uint8_t flags = 0, bits = 0, orientation = 0;
  uint32_t unused = 0;
};
static_assert(sizeof(Record) == 16 && std::endian::native == std::endian::little);

Record record_of(const std::optional<Picture>& square) {
  if (!square) return {.state = State::unreadable};
  const image::Info& info = square->info;
  return {.width = info.width,
          .height = info.height,
          .state = State::readable,
          .flags = static_cast<uint8_t>((info.has_alpha ? kAlpha : 0) | (info.is_grey ? kGrey : 0)),
          .bits = static_cast<uint8_t>(info.bits),
          .orientation = static_cast<uint8_t>(info.orientation)};
}

image::Info info_of(const Record& record) {
  image::Info info{record.width, record.height};
  info.has_alpha = (record.flags & kAlpha) != 0;
  info.is_grey = (record.flags & kGrey) != 0;
  info.bits = record.bits;
  info.orientation = record.orientation;
  return info;
}

// As record_of() makes it of pictures that image::inspect() knows.
bool is_sound(const Record& record) {
  if (record.state == State::unreadable) return true;
  return record.state == State::readable && record.width >= 1 && record.height >= 1 &&
         record.width <= image::kMaxPixels / record.height && record.flags <= (kAlpha | kGrey) && record.bits >= 8 &&
         record.orientation >= 1 && record.orientation <= 8;
}

std::string named(const std::filesystem::path& path) {
  return concat("cache of pictures ", quoted(path));
}

std::string_view first_line(std::string_view text) {
  return text.substr(0, text.find('\n'));
}

// Line by line: the first that differs says in what. `found` may be anything.
void require_settings(std::string_view found, std::string_view wanted, const std::filesystem::path& path) {
  found = found.substr(0, found.find('\0'));
  if (found == wanted) return;
  if (first_line(found) != kFirstLine) {
    throw DataError(concat(named(path), ": it is no such cache, or of another version of pixnerd", kRemoveIt));
  }
  while (first_line(found) == first_line(wanted) && !found.empty()) {
    found.remove_prefix(std::min(first_line(found).size() + 1, found.size()));
    wanted.remove_prefix(std::min(first_line(wanted).size() + 1, wanted.size()));
  }
  const std::string_view line = first_line(wanted);
  if (line.starts_with("pictures") || line.starts_with("names")) {
    throw DataError(concat(named(path), " is of other pictures than the data set's", kRemoveIt));
  }
  throw DataError(concat(named(path), " has ", quoted(first_line(found)), ", the data set ", quoted(line), kRemoveIt));
}

uint64_t round_up(uint64_t bytes) {
  return (bytes + kPage - 1) / kPage * kPage;
}

std::string colour_text(const std::optional<std::array<int64_t, 3>>& colour) {
  return colour ? concat((*colour)[0], ",", (*colour)[1], ",", (*colour)[2]) : "none";
}

}  // namespace

uint64_t CropLayout::record_at(int64_t index) const {
  return kPage + sizeof(Record) * static_cast<uint64_t>(index);
}

uint64_t CropLayout::square_at(int64_t index) const {
  return round_up(record_at(pictures)) + square_bytes() * static_cast<uint64_t>(index);
}

CropLayout crop_layout(const PictureSet& set, const DataConfig& config) {
  uint64_t names = kEmptyHash;
  for (int64_t i = 0; i < set.size(); ++i) names = hash_of(set.name(i) + "\n", names);
  return {
      concat(kFirstLine, "\nimage_size ", config.largest_size(), "\ncrop ", config::enum_name(config.crop),
             "\nbackground ", colour_text(config.background), "\norientation ", config::enum_name(config.orientation),
             "\npictures ", set.size(), "\nnames ", hexadecimal(names), "\n"),
      set.size(), config.largest_size()};
}

CropFile::CropFile(const std::filesystem::path& path, CropLayout layout)
    : path_(path), layout_(std::move(layout)), file_(MappedFile::open(path)) {
  const std::string_view text(reinterpret_cast<const char*>(file_.data()), std::min<size_t>(file_.size(), kPage));
  require_settings(text, layout_.settings, path);
  if (file_.size() != layout_.bytes()) {
    throw DataError(concat(named(path), " has ", file_.size(), " bytes and should have ", layout_.bytes(), kRemoveIt));
  }
  for (int64_t i = 0; i < layout_.pictures; ++i) {
    Record record;
    std::memcpy(&record, file_.data() + layout_.record_at(i), sizeof(record));
    if (!is_sound(record)) throw DataError(concat(named(path), " is damaged: what it says of picture ", i, kRemoveIt));
  }
}

bool CropFile::is_readable(int64_t index) const {
  Record record;
  std::memcpy(&record, file_.data() + layout_.record_at(index), sizeof(record));
  return record.state == State::readable;
}

std::optional<Picture> CropFile::read(int64_t index) const {
  Record record;
  std::memcpy(&record, file_.data() + layout_.record_at(index), sizeof(record));
  const auto* const square = reinterpret_cast<const uint8_t*>(file_.data() + layout_.square_at(index));
  // Asked for at once, and not page by page as the copy comes to them.
  const uint64_t before = layout_.square_at(index) % kPage;
  ::madvise(const_cast<uint8_t*>(square) - before, layout_.square_bytes() + before, MADV_WILLNEED);
  const int side = static_cast<int>(layout_.side);
  Picture picture{{side, side, {square, square + layout_.square_bytes()}}, info_of(record)};
  if (file_.is_changed()) return std::nullopt;
  return picture;
}

UnfinishedCropFile::UnfinishedCropFile(const std::filesystem::path& path, CropLayout layout)
    : layout_(std::move(layout)), file_(path) {
  std::string page(kPage, '\0');
  char first = 0;
  if (!file_.read(0, std::as_writable_bytes(std::span(&first, 1)))) {
    std::copy(layout_.settings.begin(), layout_.settings.end(), page.begin());
    file_.write(0, std::as_bytes(std::span(page)));
    return;
  }
  if (!file_.read(0, std::as_writable_bytes(std::span(page)))) page.clear();
  require_settings(page, layout_.settings, path);
  Record record;
  while (done_ < layout_.pictures &&
         file_.read(layout_.record_at(done_), std::as_writable_bytes(std::span(&record, 1))) && is_sound(record)) {
    ++done_;
  }
}

void UnfinishedCropFile::add(const std::optional<Picture>& square) {
  const auto pending = static_cast<int64_t>(records_.size() / sizeof(Record));
  // Black where there is none: an earlier call may have left something else there.
  const std::vector<uint8_t> none(square ? 0 : layout_.square_bytes());
  file_.write(layout_.square_at(done_), std::as_bytes(std::span(square ? square->image.rgb : none)));
  const Record record = record_of(square);
  const auto bytes = std::as_bytes(std::span(&record, 1));
  records_.insert(records_.end(), bytes.begin(), bytes.end());
  ++done_;
  if (static_cast<uint64_t>(pending + 1) * layout_.square_bytes() >= kBytesBetweenSyncs) keep();
}

// A record is written when its square is on the disk for sure.
void UnfinishedCropFile::keep() {
  if (records_.empty()) return;
  file_.sync();
  file_.write(layout_.record_at(done_ - static_cast<int64_t>(records_.size() / sizeof(Record))), records_);
  records_.clear();
}

void UnfinishedCropFile::commit(const std::filesystem::path& target) {
  keep();
  file_.commit(target, layout_.bytes());
}

}  // namespace pixnerd::data
