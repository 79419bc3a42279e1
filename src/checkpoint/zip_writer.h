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

// The same members give the same bytes. With zip64 records where sizes or their number need them. Failures are left in
// the state of the stream.
class ZipWriter {
 public:
  explicit ZipWriter(std::ostream& out) : out_(out) {}

  void add(const std::string& name, std::span<const std::byte> data);
  void add(const std::string& name, std::string_view text);

  // A member of `bytes` bytes in parts, for one that does not fit into memory: begin, append as many in all, end. The
  // stream must be able to seek: the checksum is written last, in front of the data.
  void begin(const std::string& name, uint64_t bytes);
  void append(std::span<const std::byte> data);
  void end();

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
