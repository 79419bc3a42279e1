// A folder of pictures as WebDataset shards, 00000.tar and so on, for Shards (shards.h) and for WebDataset's own
// readers: the picture files as they are, or cropped to squares, and a JSON of class, label, style and captions for
// each. Classes, labels and the order of the pictures stay the same.
#pragma once

#include <cstdint>
#include <filesystem>

#include "core/progress.h"
#include "data/image_folder.h"
#include "data/treatment.h"

namespace pixnerd::data {

struct PackOptions {
  int64_t shard_bytes = 256'000'000;  // a shard is larger only if one sample is
  bool overwrite = false;             // replace the shards that are in the folder
  int64_t threads = 1;                // that read and check pictures
  int64_t crop = 0;                   // side of the squares (ADM's crop) that are written as PNG; 0: files as they are
};

struct PackSummary {
  int64_t pictures = 0, broken = 0, shards = 0;
  int64_t captioned = 0;  // pictures
  uint64_t bytes = 0;     // of the shards
  Treatment treatment;    // of the pictures
};

// Writes the shards into `out`, which is made if it is missing; the same pictures give the same bytes. Every picture
// is decoded once: those that cannot be are named in warnings and left out. Each shard appears whole or not at all;
// packing that was interrupted while it replaced a set leaves old shards among the new ones, until it is done again.
// DataError: `out` is the folder itself or lies in it, is not empty (without `overwrite`), or holds *.tar files that
// this has not written, cannot be written, or nothing can be read; a class or style whose name cannot be told in JSON;
// more than 99,999 shards.
PackSummary pack(const ImageFolder& folder, const std::filesystem::path& out, const PackOptions& options,
                 Progress& progress);

}  // namespace pixnerd::data
