// What the tests of shards share: a set of shards that a test writes, and what can be seen of it.
#pragma once

#include <string>
#include <vector>

#include "data/shards.h"
#include "tests/data/tars.h"

namespace pixnerd::data {

using Names = std::vector<std::string>;
using Labels = std::vector<int64_t>;

class ShardsTest : public testing::Test {
 protected:
  // A set of one shard with these entries and the mark that ends it.
  void write(const std::string& entries, const std::string& name = "0.tar") {
    write_text(folder_ / "set" / name, entries + kTarEnd);
  }

  DataConfig config() const {
    DataConfig config;
    config.path = (folder_ / "set").string();
    return config;
  }

  Shards open() const { return Shards(config()); }
  std::string error() const {
    return error_of([&] { open(); });
  }

  TemporaryFolder folder_;
  CapturedLog log_;
};

inline Names names_of(const Shards& shards) {
  Names names;
  for (int64_t i = 0; i < shards.size(); ++i) names.push_back(shards.name(i));
  return names;
}

inline Labels labels_of(const Shards& shards) {
  Labels labels;
  for (int64_t i = 0; i < shards.size(); ++i) labels.push_back(shards.label(i));
  return labels;
}

// Of the pictures that marked_picture() makes.
inline std::vector<int> marks_of(const Shards& shards) {
  std::vector<int> marks;
  for (int64_t i = 0; i < shards.size(); ++i) marks.push_back(shards.read(i).rgb[0]);
  return marks;
}

inline std::string captions_of(const Shards& shards, int64_t index) {
  std::string text;
  for (const Caption& caption : shards.captions(index)) text += caption.language + "=" + caption.text + ";";
  return text;
}

}  // namespace pixnerd::data
