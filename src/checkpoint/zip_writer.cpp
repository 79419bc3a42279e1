#include "checkpoint/zip_writer.h"

#include <zlib.h>

#include <algorithm>
#include <limits>
#include <ostream>
#include <type_traits>

#include "checkpoint/zip_records.h"

namespace pixnerd::checkpoint {
namespace {

constexpr uint64_t kAlignment = 64;
constexpr uint16_t kPaddingField = 0x4246;
constexpr uint16_t kVersion = 45;  // the first with zip64
constexpr uint16_t kUtf8Names = 1 << 11;
constexpr uint32_t kTime = 0x00210000;  // 1 January 1980, the earliest there is

template <class Number>
std::string bytes_of(Number number) {
  return {reinterpret_cast<const char*>(&number), sizeof(number)};
}

template <class... Numbers>
std::string record(Numbers... numbers) {
  return (bytes_of(numbers) + ...);
}

uint16_t capped16(uint64_t number) {
  return static_cast<uint16_t>(std::min(number, kMax16));
}

uint32_t capped32(uint64_t number) {
  return static_cast<uint32_t>(std::min(number, kMax32));
}

std::string field(uint16_t id, const std::string& content) {
  return record(id, static_cast<uint16_t>(content.size())) + content;
}

}  // namespace

uint32_t checksum_of(std::span<const std::byte> data) {
  const uLong none = crc32_z(0, nullptr, 0);
  if (data.empty()) return static_cast<uint32_t>(none);
  return static_cast<uint32_t>(crc32_z(none, reinterpret_cast<const Bytef*>(data.data()), data.size()));
}

uint32_t joined_checksum(uint32_t first, uint32_t second, uint64_t second_bytes) {
  return static_cast<uint32_t>(crc32_combine(first, second, static_cast<z_off_t>(second_bytes)));
}

void ZipWriter::add(const std::string& name, std::string_view text) {
  add(name, std::as_bytes(std::span(text)));
}

void ZipWriter::add(const std::string& name, std::span<const std::byte> data) {
  write_header(members_.emplace_back(Member{name, data.size(), position_, checksum_of(data)}));
  write({reinterpret_cast<const char*>(data.data()), data.size()});
}

void ZipWriter::add_around(const std::string& name, std::string_view head, uint64_t rest, uint32_t checksum_of_rest) {
  const uint32_t checksum = joined_checksum(checksum_of(std::as_bytes(std::span(head))), checksum_of_rest, rest);
  write_header(members_.emplace_back(Member{name, head.size() + rest, position_, checksum}));
  write(head);
  position_ += rest;
}

void ZipWriter::write_header(const Member& member) {
  std::string extra;
  if (member.bytes >= kMax32) extra = field(kZip64Field, record(member.bytes, member.bytes));
  constexpr uint64_t kHeaderBytes = 30, kFieldBytes = 4;
  const uint64_t unpadded = position_ + kHeaderBytes + member.name.size() + extra.size() + kFieldBytes;
  extra += field(kPaddingField, std::string((kAlignment - unpadded % kAlignment) % kAlignment, '\0'));

  write(record(uint32_t{0x04034b50}, kVersion, kUtf8Names, uint16_t{0}, kTime, member.crc, capped32(member.bytes),
               capped32(member.bytes), static_cast<uint16_t>(member.name.size()), static_cast<uint16_t>(extra.size())) +
        member.name + extra);
}

void ZipWriter::finish() {
  const uint64_t begin = position_;
  for (const Member& member : members_) {
    std::string sizes;
    if (member.bytes >= kMax32) sizes += record(member.bytes, member.bytes);
    if (member.offset >= kMax32) sizes += record(member.offset);
    const std::string extra = sizes.empty() ? "" : field(kZip64Field, sizes);
    write(record(uint32_t{0x02014b50}, kVersion, kVersion, kUtf8Names, uint16_t{0}, kTime, member.crc,
                 capped32(member.bytes), capped32(member.bytes), static_cast<uint16_t>(member.name.size()),
                 static_cast<uint16_t>(extra.size()), uint16_t{0}, uint16_t{0}, uint16_t{0}, uint32_t{0},
                 capped32(member.offset)) +
          member.name + extra);
  }
  const uint64_t bytes = position_ - begin, count = members_.size();
  if (count >= kMax16 || begin >= kMax32 || bytes >= kMax32) {
    const uint64_t end = position_;
    constexpr uint64_t kRestOfRecord = 44;
    write(record(uint32_t{0x06064b50}, kRestOfRecord, kVersion, kVersion, uint32_t{0}, uint32_t{0}, count, count, bytes,
                 begin));
    write(record(uint32_t{0x07064b50}, uint32_t{0}, end, uint32_t{1}));
  }
  write(record(uint32_t{0x06054b50}, uint16_t{0}, uint16_t{0}, capped16(count), capped16(count), capped32(bytes),
               capped32(begin), uint16_t{0}));
}

void ZipWriter::write(std::string_view record) {
  out_.write(record.data(), static_cast<std::streamsize>(record.size()));
  position_ += record.size();
}

}  // namespace pixnerd::checkpoint
