// The tables of a history's file.
#pragma once

#include <filesystem>

#include "store/database.h"

namespace pixnerd::store {

inline constexpr int64_t kApplicationId = 0x50584e44;  // "PXND": marks a file of SQLite as a history
inline constexpr int64_t kSchemaVersion = 1;

// Opens the file, or makes it with its tables; what is changed in it is on the disk at the end of each transaction.
// DataError: it cannot be opened or written, it is another program's, of a later version, or has not these very tables.
// A file that is refused is not changed.
Database open_history(const std::filesystem::path& path);

}  // namespace pixnerd::store
