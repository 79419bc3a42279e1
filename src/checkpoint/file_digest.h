// What a published file is known by.
#pragma once

#include <filesystem>
#include <string>

namespace pixnerd::checkpoint {

// SHA-256 of all of the file, 64 hexadecimal digits. DataError if it cannot be read.
std::string sha256_of(const std::filesystem::path& path);

}  // namespace pixnerd::checkpoint
