// Where results go. Whatever stands in their way is found before the work whose results they are: nothing is replaced
// without a word, and what is read is never replaced at all.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace pixnerd {

// What somebody reads. A file is known by what the system knows it by, so that links of either kind do not hide it; a
// folder stands for all that is in it.
class InputFiles {
 public:
  // "" is passed over, and so is what is not there.
  void add(const std::filesystem::path& path);

  // The name, as it was added, of the input that is at the path or holds it; "" if there is none, as of new files.
  std::string at(const std::filesystem::path& path) const;

 private:
  using Identity = std::pair<dev_t, ino_t>;

  void add_below(const std::filesystem::path& path, size_t input);

  std::vector<std::string> names_;
  std::map<Identity, size_t> inputs_;
};

// RequestError if something that is read is at the path: nothing may be written there.
void require_not_read(const std::filesystem::path& path, const InputFiles& inputs);

// Keeps other processes of this machine that ask, too, from writing to the same path while it lives. The system ends it
// with the process, and nothing is left behind. RequestError if another one writes there.
class OutputLock {
 public:
  explicit OutputLock(const std::filesystem::path& path);
  OutputLock(OutputLock&& other) noexcept;
  OutputLock& operator=(OutputLock&&) = delete;
  ~OutputLock();

 private:
  int socket_ = -1;
};

// A file that is going to be written, from before the work until it is there.
class Destination {
 public:
  // Makes missing folders above. RequestError: a file is there and may not be replaced, it is read, something else than
  // a file is in the way, or another process writes to it. DataError: no permission, or what else the system says.
  Destination(const std::filesystem::path& path, bool overwrite, const InputFiles& inputs = {});

  bool replaces() const { return replaces_; }  // whether there is a file, which is going to be replaced

 private:
  bool replaces_;
  OutputLock lock_;
};

// RequestError unless a file can be put at the path: nothing there yet, or a regular file, which is told by true. Makes
// missing folders above. DataError as above.
bool prepare_file(const std::filesystem::path& path);

// Makes the folder if it is missing. DataError if that cannot be, or nothing can be written into it.
void prepare_folder(const std::filesystem::path& folder);

// What is at the path, behind links. DataError where the system does not tell.
std::filesystem::file_type type_at(const std::filesystem::path& path);

// Whether the path is the folder, or would lie in it.
bool lies_in(const std::filesystem::path& path, const std::filesystem::path& folder);

// What this process may still write to the disk of a path that is there; nothing where the system does not tell.
std::optional<uint64_t> free_disk_bytes(const std::filesystem::path& path);

// DataError if the disk of the nearest folder above the path, or of the path, lacks so many bytes, or so many files.
// Each file takes whole blocks.
void require_space(const std::filesystem::path& path, uint64_t bytes, uint64_t files = 1);

}  // namespace pixnerd
