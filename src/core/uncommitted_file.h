// The temporary files that an AtomicFile (file.h) writes before it commits: ".pixnerd-<process>-<number>.partial".
//
// A process holds a lock on each as long as it may commit it, so that what a killed one left is known for sure, in
// other containers that share the folder too.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>

#include "core/descriptor.h"

namespace pixnerd {

std::string uncommitted_name(pid_t process, unsigned number);

// Whether a path has such a name.
bool is_uncommitted(const std::filesystem::path& path);

// Removes those in the folder itself that nobody will commit any more; what cannot be removed stays. Where a file
// system knows no locks, a file counts as given up when there is no process of its number.
void remove_abandoned_files(const std::filesystem::path& folder);

// A new one beside the file it is to replace; removed unless it was renamed. The first in a folder removes what other
// processes left there.
class UncommittedFile {
 public:
  // `mode` as for open(2). Throws DataError in the name of `target`.
  UncommittedFile(const std::filesystem::path& target, mode_t mode);
  UncommittedFile(const UncommittedFile&) = delete;
  UncommittedFile& operator=(const UncommittedFile&) = delete;
  ~UncommittedFile();

  int get() const { return descriptor_.get(); }
  void rename_to(const std::filesystem::path& target);

 private:
  void forget();

  std::filesystem::path path_;  // empty: renamed
  Descriptor descriptor_;
  void* listed_ = nullptr;  // in the list of this process's files, of which the signal handler knows
};

// Removes all of this process, which is about to end; nothing can be committed then. Safe in a signal handler.
void remove_uncommitted_files();

}  // namespace pixnerd
