// The samples of one WebDataset shard: its entries with one key, in any order and wherever they stand:
//
//   a/000001.png   key "a/000001", extension "png": the path up to the first dot of its last part, and the rest
//   a/000001.json
//
// A sample has one picture (image/codec.h has the endings) and may have one each of json, cls and txt. Where that rest
// is none of these, but ends in one, as in "IMG.2020.png" and "0.seg.png", what is before the last dot is the key,
// unless there is a sample "0" with a picture of its own: then it is more of that one and not used. Hard and symbolic
// links count as the entry before them that they lead to. Of tar files that were joined, keys that come again get a
// "#2" behind them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/sample_text.h"
#include "data/tar_file.h"
#include "data/unused.h"

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
  Unused unused;
};

// Reads the headers of a shard and its texts in one pass, and no picture. Left out, counted and named in a warning is a
// sample without a picture, with two of them or an extension twice, with malformed text, or with a key that was there
// before. Of a shard that is cut or damaged, which is named in a warning too, the samples before that place are good;
// the last of them, or in a shard whose samples lie in several places any, only if it has all that the others have.
// `shard` names it in warnings. NotTarError. One thread at a time, as TarReader.
ShardIndex index_shard(const TarFile& file, const std::string& shard);

}  // namespace pixnerd::data
