// The temporary files that an AtomicFile (file.h) writes before it commits: ".pixnerd-<process>-<number>.partial".
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>

namespace pixnerd {

std::string uncommitted_name(pid_t process, unsigned number);

// Whether a path has such a name.
bool is_uncommitted(const std::filesystem::path& path);

// Whether it does and nobody will commit it any more: its process is gone, or is this one, which should ask only where
// it is not writing. A process of another machine that shares the folder is taken for one of this.
bool is_abandoned(const std::filesystem::path& path);

}  // namespace pixnerd
