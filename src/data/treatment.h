// What pictures lose on their way from the file to the network, counted.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/reading.h"

namespace pixnerd::data {

struct Treatment {
  int64_t pictures = 0;
  int64_t turned = 0;       // that EXIF asks to turn or mirror
  int64_t clipped = 0;      // grey of 16 bits
  int64_t transparent = 0;  // with an alpha channel
  int64_t grey = 0;

  void add(const image::Info& info);

  // A line for each kind that there is: how many pictures, and what is done with them by this reading.
  std::vector<std::string> lines(const Reading& reading) const;
};

}  // namespace pixnerd::data
