// What tells files of weights apart wherever they lie and whatever they are called: a hash of parts of their content.
#pragma once

#include <filesystem>
#include <string>

namespace pixnerd::checkpoint {

// 16 hexadecimal digits of a file; of an index of safetensors files, and those that it names; or of a folder, and its
// .json and .safetensors files with their names. Read are sizes, small files whole, and of others the beginning, the
// end and places between: a file that was trained on differs in all of them, a few changed weights may go unseen.
// "" if a file cannot be read; whoever loads it can say why.
std::string content_hash(const std::filesystem::path& path);

}  // namespace pixnerd::checkpoint
