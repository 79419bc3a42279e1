// Makes a file's name last, not only its content.
#pragma once

#include <filesystem>

namespace pixnerd {

// After a file has been made or renamed to `target`. Some file systems cannot sync a folder; there the name is as
// durable as it gets. DataError.
void sync_folder_of(const std::filesystem::path& target);

}  // namespace pixnerd
