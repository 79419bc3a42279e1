#include "checkpoint/zip_file.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>

#include "checkpoint/messages.h"
#include "checkpoint/zip_records.h"

namespace pixnerd::checkpoint {
namespace {

static_assert(std::endian::native == std::endian::little, "the records' numbers are little-endian");

constexpr uint32_t kLocalSignature = 0x04034b50, kCentralSignature = 0x02014b50, kEndSignature = 0x06054b50;
constexpr uint32_t kEnd64Signature = 0x06064b50, kLocator64Signature = 0x07064b50;
constexpr size_t kLocalBytes = 30, kCentralBytes = 46, kEndBytes = 22, kEnd64Bytes = 56, kLocator64Bytes = 20;
constexpr uint16_t kEncrypted = 1;

// Numbers of a record whose bytes have been checked to be there.
template <class Number>
Number at(std::span<const std::byte> record, size_t offset) {
  Number number = 0;
  std::memcpy(&number, record.data() + offset, sizeof(number));
  return number;
}

std::string_view text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Where the central directory lies.
struct Directory {
  uint64_t entries = 0, offset = 0, bytes = 0;
};

// A member as the directory states it.
struct Stated {
  std::string_view name;
  uint64_t bytes = 0, offset = 0;  // of the data, of the local header
};

class Reader {
 public:
  Reader(std::span<const std::byte> file, const std::string& source) : file_(file), source_(source) {}

  std::vector<ZipMember> read() {
    const Directory directory = find_directory();
    std::vector<Stated> stated = read_directory(directory);
    require_unique_names(stated);

    std::vector<ZipMember> members;
    members.reserve(stated.size());
    for (const Stated& member : stated) members.push_back({member.name, data_of(member, directory.offset)});
    require_apart(stated, members);
    return members;
  }

 private:
  template <class... What>
  [[noreturn]] void fail(const What&... what) const {
    throw error_in(source_, concat("the zip file ", what...));
  }
  template <class... What>
  [[noreturn]] void fail_member(std::string_view name, const What&... what) const {
    throw error_in(source_, concat("the zip member ", quoted(name), " ", what...));
  }

  std::span<const std::byte> bytes(uint64_t offset, uint64_t count, const char* what) const {
    if (offset > file_.size() || count > file_.size() - offset) {
      fail("is truncated: its ", what, " would end behind the end of the file; copy the file again");
    }
    return file_.subspan(offset, count);
  }

  // The end record is the last one in the file whose comment fills the rest of it.
  size_t find_end() const {
    if (file_.size() < kEndBytes) fail("is truncated: it has no central directory; copy the file again");
    const size_t last = file_.size() - kEndBytes;
    for (size_t back = 0; back <= std::min<size_t>(last, kMax16); ++back) {
      const auto record = file_.subspan(last - back);
      if (at<uint32_t>(record, 0) == kEndSignature && at<uint16_t>(record, 20) == back) return last - back;
    }
    fail("is truncated: it has no central directory; copy the file again");
  }

  Directory find_directory() const {
    const size_t end = find_end();
    const auto record = file_.subspan(end, kEndBytes);
    Directory directory{at<uint16_t>(record, 10), at<uint32_t>(record, 16), at<uint32_t>(record, 12)};
    size_t behind = end;  // where what follows the directory begins
    if (at<uint16_t>(record, 4) == kMax16 || directory.entries == kMax16 || directory.offset == kMax32 ||
        directory.bytes == kMax32 || has_locator(end)) {
      directory = find_directory64(end, behind);
    } else if (at<uint16_t>(record, 4) != 0 || at<uint16_t>(record, 6) != 0 ||
               at<uint16_t>(record, 8) != directory.entries) {
      fail("is one part of several; join them first");
    }
    if (directory.offset > behind || directory.bytes > behind - directory.offset) {
      fail("has a central directory that would not end before the record that names it");
    }
    if (directory.entries > directory.bytes / kCentralBytes) {
      fail("has a central directory of ", directory.bytes, " bytes, too few for ", directory.entries, " members");
    }
    return directory;
  }

  bool has_locator(size_t end) const {
    return end >= kLocator64Bytes && at<uint32_t>(file_.subspan(end - kLocator64Bytes), 0) == kLocator64Signature;
  }

  Directory find_directory64(size_t end, size_t& behind) const {
    if (!has_locator(end)) fail("has no zip64 locator, although its directory needs one");
    const auto locator = file_.subspan(end - kLocator64Bytes, kLocator64Bytes);
    const auto offset = at<uint64_t>(locator, 8);
    const auto record = bytes(offset, kEnd64Bytes, "zip64 record");
    if (at<uint32_t>(record, 0) != kEnd64Signature) fail("has no zip64 record where its locator says");
    if (at<uint32_t>(record, 16) != 0 || at<uint32_t>(record, 20) != 0 ||
        at<uint64_t>(record, 24) != at<uint64_t>(record, 32)) {
      fail("is one part of several; join them first");
    }
    behind = offset;
    return {at<uint64_t>(record, 32), at<uint64_t>(record, 48), at<uint64_t>(record, 40)};
  }

  std::vector<Stated> read_directory(const Directory& directory) const {
    std::span<const std::byte> rest = file_.subspan(directory.offset, directory.bytes);
    std::vector<Stated> members;
    members.reserve(directory.entries);
    for (uint64_t i = 0; i < directory.entries; ++i) {
      if (rest.size() < kCentralBytes || at<uint32_t>(rest, 0) != kCentralSignature) {
        fail("has no entry ", i, " in its central directory where that should be");
      }
      const size_t name = at<uint16_t>(rest, 28), extra = at<uint16_t>(rest, 30), comment = at<uint16_t>(rest, 32);
      if (name + extra + comment > rest.size() - kCentralBytes) {
        fail("has an entry ", i, " that ends behind its central directory");
      }
      members.push_back(read_entry(rest, name, rest.subspan(kCentralBytes + name, extra)));
      rest = rest.subspan(kCentralBytes + name + extra + comment);
    }
    return members;
  }

  Stated read_entry(std::span<const std::byte> record, size_t name_bytes, std::span<const std::byte> extra) const {
    Stated member{text(record.subspan(kCentralBytes, name_bytes)), at<uint32_t>(record, 24), at<uint32_t>(record, 42)};
    require_sound_name(member.name);
    if ((at<uint16_t>(record, 8) & kEncrypted) != 0) fail_member(member.name, "is encrypted");
    uint64_t packed = at<uint32_t>(record, 20);
    read_zip64(extra, member, packed);
    if (at<uint16_t>(record, 10) != 0 || packed != member.bytes) {
      fail_member(member.name, "is compressed, which PyTorch never does; unpack the file and zip it with `zip -0`");
    }
    return member;
  }

  // The 64-bit numbers that stand for those of the entry which are all ones, in this order.
  void read_zip64(std::span<const std::byte> extra, Stated& member, uint64_t& packed) const {
    uint64_t* const wanted[] = {&member.bytes, &packed, &member.offset};
    if (std::none_of(std::begin(wanted), std::end(wanted), [](const uint64_t* number) { return *number == kMax32; })) {
      return;
    }
    while (extra.size() >= 4) {
      const size_t size = at<uint16_t>(extra, 2);
      if (size > extra.size() - 4) break;
      if (at<uint16_t>(extra, 0) == kZip64Field) {
        size_t offset = 4;
        for (uint64_t* number : wanted) {
          if (*number != kMax32) continue;
          if (offset + 8 > 4 + size) fail_member(member.name, "lacks a size of 64 bits");
          *number = at<uint64_t>(extra, offset);
          offset += 8;
        }
        return;
      }
      extra = extra.subspan(4 + size);
    }
    fail_member(member.name, "lacks a size of 64 bits");
  }

  void require_sound_name(std::string_view name) const {
    const bool printable_only = std::all_of(name.begin(), name.end(),
                                            [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f; });
    if (name.empty() || !printable_only || name.front() == '/' || name.find('\\') != std::string_view::npos) {
      fail_member(name, "has a name that no checkpoint has");
    }
    for (size_t begin = 0; begin <= name.size();) {
      const size_t end = std::min(name.find('/', begin), name.size());
      const std::string_view part = name.substr(begin, end - begin);
      if (part == ".." || part == ".") fail_member(name, "has a name that leads out of the file");
      begin = end + 1;
    }
  }

  void require_unique_names(const std::vector<Stated>& members) const {
    std::vector<std::string_view> names;
    names.reserve(members.size());
    for (const Stated& member : members) names.push_back(member.name);
    std::sort(names.begin(), names.end());
    const auto twice = std::adjacent_find(names.begin(), names.end());
    if (twice != names.end()) fail_member(*twice, "is there twice");
  }

  // The local header counts for the place of the data alone: its sizes may be left out.
  std::span<const std::byte> data_of(const Stated& member, uint64_t directory_offset) const {
    if (member.offset > directory_offset || directory_offset - member.offset < kLocalBytes) {
      fail_member(member.name, "would begin at byte ", member.offset, ", the directory begins at ", directory_offset);
    }
    const auto area = file_.subspan(member.offset, directory_offset - member.offset);
    const size_t name = at<uint16_t>(area, 26), extra = at<uint16_t>(area, 28);
    if (at<uint32_t>(area, 0) != kLocalSignature || name + extra > area.size() - kLocalBytes ||
        text(area.subspan(kLocalBytes, name)) != member.name) {
      fail_member(member.name, "is not at byte ", member.offset, ", where the directory has it");
    }
    const auto data = area.subspan(kLocalBytes + name + extra);
    if (member.bytes > data.size()) {
      fail_member(member.name, "has ", member.bytes, " bytes, of which ", data.size(), " are before the directory");
    }
    return data.first(member.bytes);
  }

  void require_apart(const std::vector<Stated>& stated, const std::vector<ZipMember>& members) const {
    std::vector<size_t> order(stated.size());
    for (size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return stated[a].offset < stated[b].offset; });
    uint64_t covered = 0;
    for (const size_t i : order) {
      if (stated[i].offset < covered) fail_member(stated[i].name, "overlaps the one before it");
      covered = static_cast<uint64_t>(members[i].data.data() + members[i].data.size() - file_.data());
    }
  }

  std::span<const std::byte> file_;
  const std::string& source_;
};

}  // namespace

bool starts_like_zip(std::span<const std::byte> file) {
  return file.size() >= 4 && (at<uint32_t>(file, 0) == kLocalSignature || at<uint32_t>(file, 0) == kEndSignature);
}

std::vector<ZipMember> parse_zip(std::span<const std::byte> file, const std::string& source) {
  return Reader(file, source).read();
}

}  // namespace pixnerd::checkpoint
