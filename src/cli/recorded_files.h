// Where the files are that records name: they do so without folders.
#pragma once

#include <filesystem>
#include <string>

namespace pixnerd::cli {

// A file or folder as a record has it.
struct RecordedFile {
  std::string name, hash;  // of earlier versions a path; the hash may be ""
  const char* flag;        // which names it otherwise
};

// Where it is now: at its path if it has one, beside `from`, the file with the record, in the folder above that, or in
// the current folder; where there are several, the first that holds what the hash says. "" if the record names none.
// RequestError, with the flag, if it is in none of these places.
std::string find_recorded(const RecordedFile& recorded, const std::filesystem::path& from);

}  // namespace pixnerd::cli
