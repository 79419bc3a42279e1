#include "store/make_folder.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include "core/errors.h"
#include "core/sync_folder.h"
#include "core/text.h"

namespace pixnerd::store {
namespace {

namespace fs = std::filesystem;

constexpr const char* kMend = "name another folder, or let this user write there";

}  // namespace

void make_folder(const fs::path& folder) {
  std::error_code error;
  if (!fs::is_directory(folder, error)) {
    const fs::path parent = folder.parent_path();
    if (!parent.empty() && parent != folder) make_folder(parent);
    fs::create_directory(folder, error);
    // Another thread may have made it meanwhile.
    if (error && !fs::is_directory(folder)) {
      throw DataError(concat("cannot make folder ", quoted(folder), ": ", error.message(), "; ", kMend));
    }
    sync_folder_of(folder);
  }
  if (::faccessat(AT_FDCWD, folder.c_str(), W_OK | X_OK, AT_EACCESS) != 0) {
    throw DataError(concat("cannot write in folder ", quoted(folder), ": ", std::strerror(errno), "; ", kMend));
  }
}

}  // namespace pixnerd::store
