// File descriptors: owned, written to, and the three that a process starts with.
#pragma once

#include <filesystem>
#include <string_view>

namespace pixnerd {

class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept;
  Descriptor& operator=(Descriptor&& other) noexcept;
  ~Descriptor();

  bool ok() const { return fd_ >= 0; }
  int get() const { return fd_; }

 private:
  int fd_;
};

// Writes all bytes; 0, or the errno that stopped it: a disk that fills up takes a part first and refuses the rest.
// Bytes of a mapped file that has been cut are written as zeros (mapped_file.h tells that it was).
int write_all(int fd, std::string_view bytes);

// Throws DataError: "cannot <verb> '<path>': <what the system says of `error`>".
[[noreturn]] void fail_file(std::string_view verb, const std::filesystem::path& path, int error);

// Opens those of the descriptors 0, 1 and 2 that the process was started without on /dev/null, so that no file that is
// opened later gets their numbers and what is printed. Reading from 0 and writing to 1 still fail, as nobody gets it;
// what is said on standard error is dropped.
void open_standard_streams();

// Whether nobody reads any more what is written to a pipe or socket. Of a terminal that is gone SIGHUP tells, unless
// the process is to outlive it.
bool is_reader_gone(int fd);

}  // namespace pixnerd
