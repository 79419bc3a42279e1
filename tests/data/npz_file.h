// Writes .npz files for tests.
#pragma once

#include <archive.h>
#include <archive_entry.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <stdexcept>
#include <string>

#include "core/text.h"
#include "tests/core/temporary_folder.h"

namespace pixnerd::data {

inline std::string read_whole(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// A .npy member as NumPy writes it; `shape` in Python's words.
inline std::string npy(const std::string& descr, const std::string& shape, const std::string& bytes,
                       const std::string& fortran = "False") {
  std::string header = concat("{'descr': '", descr, "', 'fortran_order': ", fortran, ", 'shape': ", shape, ", }");
  header.resize((10 + header.size() + 63) / 64 * 64 - 10, ' ');
  header.back() = '\n';
  std::string file("\x93NUMPY\1\0", 8);
  file += static_cast<char>(header.size() & 0xff);
  file += static_cast<char>(header.size() >> 8);
  return file + header + bytes;
}

inline void write_zip(const std::filesystem::path& path, const std::map<std::string, std::string>& members,
                      bool deflated = false) {
  archive* const file = archive_write_new();
  archive_write_set_format_zip(file);
  archive_write_set_options(file, deflated ? "zip:compression=deflate" : "zip:compression=store");
  bool good = archive_write_open_filename(file, path.c_str()) == ARCHIVE_OK;
  for (const auto& [name, bytes] : members) {
    archive_entry* const entry = archive_entry_new();
    archive_entry_set_pathname(entry, name.c_str());
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0644);
    archive_entry_set_size(entry, static_cast<la_int64_t>(bytes.size()));
    good = good && archive_write_header(file, entry) == ARCHIVE_OK &&
           archive_write_data(file, bytes.data(), bytes.size()) == static_cast<la_ssize_t>(bytes.size());
    archive_entry_free(entry);
  }
  good = archive_write_close(file) == ARCHIVE_OK && good;
  archive_write_free(file);
  if (!good) throw std::runtime_error("the zip file could not be written");
}

}  // namespace pixnerd::data
