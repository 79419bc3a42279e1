// Which shards a path names: a folder, whose visible *.tar files they are, one shard of any name, or a pattern as
// WebDataset's users write them, such as data/{00000..00099}.tar and data/train-*.tar.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "data/unused.h"

namespace pixnerd::data {

struct ShardPaths {
  std::filesystem::path folder;
  std::vector<std::string> names;  // below the folder, sorted by their bytes, at least one
  Unused unused;                   // what lies beside them, or is named and missing
};

// DataError: nothing there, a folder without shards, or a pattern that no file fits.
ShardPaths find_shard_paths(const std::filesystem::path& path);

// Whether a folder holds *.tar files. False where it cannot be listed.
bool holds_shards(const std::filesystem::path& folder);

// The patterns that the braces of one stand for: {00..02}, {cat,dog}. DataError for too many.
std::vector<std::string> without_braces(const std::string& pattern);

// Whether a path is a pattern ({0..9}, {a,b}, *, ?, [a-c]), and no file or folder of that name.
bool is_shard_pattern(const std::filesystem::path& path);

// Whether there is a file or folder at the path, or one that fits it where it is a pattern.
bool is_there(const std::filesystem::path& path);

}  // namespace pixnerd::data
