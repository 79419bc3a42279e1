#include "checkpoint/content_hash.h"

#include <algorithm>
#include <cstdint>
#include <set>
#include <string_view>
#include <system_error>

#include "checkpoint/messages.h"
#include "checkpoint/shard_index.h"
#include "core/errors.h"
#include "core/file.h"
#include "core/hash.h"
#include "core/mapped_file.h"
#include "core/text.h"

namespace pixnerd::checkpoint {
namespace {

namespace fs = std::filesystem;

constexpr size_t kEdge = size_t{1} << 20, kPlace = size_t{1} << 12, kPlaces = 256;

uint64_t hash_of_parts(std::string_view bytes, uint64_t hash) {
  if (bytes.size() <= 2 * kEdge + kPlaces * kPlace) return hash_of(bytes, hash);
  hash = hash_of(bytes.substr(0, kEdge), hash);
  const size_t stride = (bytes.size() - 2 * kEdge) / kPlaces;
  for (size_t i = 0; i < kPlaces; ++i) hash = hash_of(bytes.substr(kEdge + i * stride, kPlace), hash);
  return hash_of(bytes.substr(bytes.size() - kEdge), hash);
}

uint64_t hash_of_file(const fs::path& path, uint64_t before) {
  const MappedFile file = MappedFile::open(path);
  const std::string_view bytes(reinterpret_cast<const char*>(file.data()), file.size());
  const uint64_t hash = hash_of_parts(bytes, hash_of(concat(bytes.size(), ":"), before));
  if (file.is_changed()) throw changed_error(path.string());
  return hash;
}

// Beside the path itself.
std::set<std::string> names_beside(const fs::path& path) {
  std::set<std::string> names;
  if (fs::is_directory(path)) {
    for (const fs::directory_entry& each : fs::directory_iterator(path)) {
      const std::string ending = each.path().extension().string();
      if (ending == ".json" || ending == ".safetensors") names.insert(each.path().filename().string());
    }
    return names;
  }
  if (!path.string().ends_with(kIndexEnding)) return names;
  constexpr size_t kMostBytes = size_t{64} << 20;
  for (const auto& [tensor, file] : parse_shard_index(read_file(path, kMostBytes), path.string())) names.insert(file);
  return names;
}

}  // namespace

std::string content_hash(const fs::path& path) {
  try {
    const bool is_folder = fs::is_directory(path);
    uint64_t hash = is_folder ? kEmptyHash : hash_of_file(path, kEmptyHash);
    for (const std::string& name : names_beside(path)) {
      hash = hash_of_file((is_folder ? path : path.parent_path()) / name, hash_of(name, hash));
    }
    return hexadecimal(hash);
  } catch (const Error&) {
  } catch (const fs::filesystem_error&) {
  }
  return "";
}

}  // namespace pixnerd::checkpoint
