// What a data set holds, counted by reading all of it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/progress.h"
#include "data/picture_set.h"
#include "data/treatment.h"

namespace pixnerd::data {

struct Inspection {
  struct Broken {
    std::string name, reason;
  };

  int64_t pictures = 0;                          // in the set
  std::vector<Broken> broken;                    // of those, the ones that cannot be read, in their order
  int64_t unlabelled = 0;                        // pictures without a class
  int64_t unstyled = 0;                          // pictures without a style
  int64_t nested = 0;                            // pictures in folders inside of class folders
  std::string first_nested;                      // of those
  std::vector<int64_t> classes;                  // pictures by label
  std::vector<int64_t> styles;                   // pictures by style
  std::map<std::string, int64_t> captions;       // by language
  int64_t uncaptioned = 0;                       // pictures that can be read and have no caption
  std::map<std::pair<int, int>, int64_t> sizes;  // pictures by width and height
  uint64_t bytes = 0;                            // of the picture files, or of the shards
  Treatment treatment;                           // of those that can be read
};

// Decodes every picture and reads its captions in `threads` threads. DataError if no picture can be read.
Inspection inspect(const PictureSet& pictures, int64_t threads, Progress& progress);

}  // namespace pixnerd::data
