// Writes a zip file of stored members, one after the other, each with its bytes at a multiple of 64.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pixnerd::checkpoint {

// The checksum of a zip's members, CRC-32, and that of two pieces in a row from those of each.
uint32_t checksum_of(std::span<const std::byte> data);
uint32_t joined_checksum(uint32_t first, uint32_t second, uint64_t second_bytes);

// The same members give the same bytes. With zip64 records where sizes or their number need them. Failures are left in
// the state of the stream.
class ZipWriter {
 public:
  explicit ZipWriter(std::ostream& out) : out_(out) {}

  void add(const std::string& name, std::span<const std::byte> data);
  void add(const std::string& name, std::string_view text);

  // A member of which `head` alone goes through the stream: the `rest` bytes after it, of that checksum, are put there
  // by the caller. What follows is made as if they had been in the stream.
  void add_around(const std::string& name, std::string_view head, uint64_t rest, uint32_t checksum_of_rest);

  void finish();  // the directory

 private:
  struct Member {
    std::string name;
    uint64_t bytes, offset;
    uint32_t crc;
  };

  void write_header(const Member& member);
  void write(std::string_view record);

  std::ostream& out_;
  uint64_t position_ = 0;
  std::vector<Member> members_;
};

}  // namespace pixnerd::checkpoint
