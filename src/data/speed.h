// How fast the pictures of a set are made ready for training, and what takes the time.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "data/config.h"
#include "data/picture_set.h"

namespace pixnerd::data {

struct LoadingSpeed {
  struct Stage {
    std::string name;
    double seconds = 0;  // of a processor, a picture
  };

  double pictures_per_second = 0;  // of batches from config.workers threads
  double processor_seconds = 0;    // a picture, of all threads
  std::vector<Stage> stages;       // in their order, by one thread
};

// Takes batches in the order of training for about `seconds`, then single pictures for half of that, stage by stage.
// DataError: nothing in the set can be read.
LoadingSpeed measure_loading(const std::shared_ptr<const PictureSet>& set, const DataConfig& config, double seconds);

}  // namespace pixnerd::data
