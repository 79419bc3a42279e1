// Files mapped into memory, and whether they are still what they were when they were mapped.
//
// A page of a mapped file that the file has lost since is answered by the system with SIGBUS, which would end the
// process. From the first mapping on, a handler of that signal puts zeros in the place of what was lost of our mappings
// and lets the reader go on; other addresses are passed to the handler of before. Therefore: whoever has read from a
// mapping asks whether the file has changed, before it uses what it has made of the bytes.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

namespace pixnerd {

// A mapped file as it was; outlives the mapping. Safe for all threads.
class MappedSource;

// A regular file in memory; move-only; unmapped at the end of its life. Its bytes can be written in place, which
// changes nothing in the file.
class MappedFile {
 public:
  // Throws DataError if it cannot be opened or is no regular file.
  static MappedFile open(const std::filesystem::path& path);

  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();

  const std::byte* data() const { return data_; }  // null when the file is empty
  size_t size() const { return size_; }

  // Whether the file has another size or time of change than when it was opened, or could not be read. Another file
  // that has taken its name is no change.
  bool is_changed() const;

  // Gives back the memory of the pages that lie wholly in these bytes of a mapping; they are read again when touched.
  // What was written there is lost.
  static void release(const std::byte* data, size_t size);

 private:
  MappedFile() = default;

  std::byte* data_ = nullptr;
  size_t size_ = 0;
  std::shared_ptr<const MappedSource> source_;
};

// The mapped files that addresses lie in, to ask later whether one has changed: also when it is not mapped any more,
// because all of it was copied meanwhile.
class MappedSources {
 public:
  // Adds the file that is mapped at this address, if any.
  void add(const void* address);

  // The path of one that has changed; nothing if none has.
  std::optional<std::filesystem::path> changed() const;

 private:
  std::vector<std::shared_ptr<const MappedSource>> sources_;
};

}  // namespace pixnerd
