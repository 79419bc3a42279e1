// The samples of one WebDataset shard. A sample is a run of entries with one key, in any order:
//
//   a/000001.png   key "a/000001", extension "png": the path up to the first dot of its last part, and the rest
//   a/000001.json
//
// It has one picture (png, jpg, jpeg or webp) and may have one each of json, cls and txt. Other extensions are passed
// over, and so are entries without a key or without an extension, and whatever is no plain file.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/sample_text.h"
#include "data/tar_file.h"

namespace pixnerd::data {

// Where the content of an entry lies in its shard.
struct Extent {
  int64_t offset = 0;
  int64_t size = -1;  // -1: there is no such entry

  bool exists() const { return size >= 0; }
};

struct IndexedSample {
  std::string key;  // any bytes; no other sample of the shard has it
  Extent picture, json, txt;
  SampleText text;
};

struct ShardIndex {
  std::vector<IndexedSample> samples;  // in their order
  int64_t broken = 0;                  // samples that were left out, and the shard if it is cut or damaged
  std::string first_problem;           // of those
};

// Reads the headers of a shard and its texts, but no picture. Left out, counted and named in a warning is a sample
// without a picture, with two of them or an extension twice, with malformed text, or with a key that was there before.
// Of a shard that is cut or damaged, which is named in a warning too, the samples before that place are good; the last
// of them only if it has all that the one before it has. `shard` names it in warnings. NotTarError. One thread at a
// time, as TarReader.
ShardIndex index_shard(const TarFile& file, const std::string& shard);

}  // namespace pixnerd::data
