// Arrays of NumPy in .npz files, which are zip files of .npy members, stored or deflated: read in order, so that an
// array may be larger than memory. https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
//
// A file may come from anywhere: nothing is unpacked, pickled objects are refused, memory is bounded by what the caller
// asks to read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

struct archive;

namespace pixnerd::data {

// Names of the arrays, "arr_0", in their order. DataError: the file cannot be read, is no zip file, is damaged, or has
// more than a thousand members.
std::vector<std::string> npz_names(const std::filesystem::path& path);

// One array, open for reading from its beginning to its end.
class NpzArray {
 public:
  // DataError: as above; no such array, one of another format than .npy, in column-major (Fortran) or big-endian order,
  // of objects, or whose member has another size than its shape and type make.
  NpzArray(const std::filesystem::path& path, const std::string& name);
  NpzArray(const NpzArray&) = delete;
  NpzArray& operator=(const NpzArray&) = delete;
  ~NpzArray();

  // NumPy's code without the order of the bytes: "u1" is uint8, "f8" float64.
  const std::string& type() const { return type_; }
  const std::vector<int64_t>& shape() const { return shape_; }  // {} is a scalar
  int64_t elements() const { return elements_; }

  // The next bytes, row-major. DataError if so many do not follow, the array or the file ends; and with the last bytes
  // of the array, if the whole of it does not pass its checksum.
  void read(std::span<std::byte> bytes);

 private:
  void parse_header();
  void take(std::span<std::byte> bytes);
  void check_end();

  std::string what_;  // opens messages
  std::unique_ptr<archive, int (*)(archive*)> archive_;
  int64_t member_bytes_ = 0;
  std::string type_;
  std::vector<int64_t> shape_;
  int64_t elements_ = 0, left_ = 0;  // left: bytes that were not read yet
};

}  // namespace pixnerd::data
