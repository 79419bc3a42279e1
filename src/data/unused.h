// What lies in a data set and is not used, counted by kind, in the words that inspect, pack, train and eval share.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace pixnerd::data {

enum class Why {
  foreign_format,     // a picture in a format that is not read
  hidden,             // a picture with a hidden name, or in a hidden folder
  beside_folders,     // a picture beside class folders
  beside_shards,      // a picture beside shards
  archive,            // an archive where folders are used
  read_already,       // a link to a folder that is read already
  empty_folder,       // a folder without pictures where there are classes
  more_of_sample,     // a picture of a sample that has one
  sparse_entry,       // a sparse file in a shard
  link_entry,         // a link in a shard that leads to no file before it
  missing_shard,      // a shard that data.path names
  no_picture_of_row,  // a row of metadata.jsonl or metadata.csv
  unreadable_row,
  other_file,
};

class Unused {
 public:
  // Of one thing: its kind within Why, such as ".svg", and a name to show.
  void add(Why why, std::string_view kind, const std::string& name);
  void add(const Unused& more);

  bool empty() const;

  // A short list such as "12 pictures in formats that are not read: 8 .heic, 4 .svg", a line each.
  std::vector<std::string> lines() const;

 private:
  struct Count {
    int64_t all = 0;
    std::map<std::string, int64_t, std::less<>> of_kind;
    std::string first;  // name
  };
  std::array<Count, 14> counts_;
};

}  // namespace pixnerd::data
