// What can be wrong with a run, in words and numbers.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace pixnerd::doctor {

enum class Fault {
  grey_pictures,      // they lack the contrast or the colours of the data's
  patch_grid,         // edges at the borders of patches, which do not fade
  dead_layer,         // weights that are zero, or that no gradient reaches
  exploding_layer,    // weights or gradients out of all proportion
  long_average,       // the average still holds the first weights
  data_ends_early,    // pictures that are missing, cut short or others than those trained on
  learning_rate,      // not what the schedule says
  ignored_condition,  // labels or captions that do not change the loss
};

// "grey-pictures": for programs.
const char* key_of(Fault fault);

struct Finding {
  Fault fault;
  std::string what;    // with the number that shows it
  std::string advice;  // what to do
  std::vector<std::pair<std::string, double>> numbers{};
};

}  // namespace pixnerd::doctor
