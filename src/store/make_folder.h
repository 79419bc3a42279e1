// Folders that last.
#pragma once

#include <filesystem>

namespace pixnerd::store {

// Makes the folder, and those that it lies in, unless they are there. Nothing in it may be lost with its own name,
// which is on the disk afterwards. DataError where that cannot be done, or where this process may not write in it.
void make_folder(const std::filesystem::path& folder);

}  // namespace pixnerd::store
