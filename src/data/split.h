// The pictures that are kept from training, to see what a network makes of what it has not seen.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "data/picture_set.h"

namespace pixnerd::data {

// These pictures of a set, in this order, as a set of their own with the same classes and styles. At least one.
std::shared_ptr<const PictureSet> subset(std::shared_ptr<const PictureSet> pictures, std::vector<int64_t> indices);

struct Split {
  // Numbers in the whole set: those to train on ascending, those held out in a random order, so that the first ones are
  // a sample of them.
  std::vector<int64_t> training, held_out;
};

// Holds out `share` of the pictures, at random by their names: both depend on the names, labels and seed alone, not on
// the order of the files, and a class never loses its last picture, nor a style. A share above 0 holds out one at
// least; where that leaves nothing to hold out, a warning says so.
Split split(const PictureSet& pictures, double share, uint64_t seed);

}  // namespace pixnerd::data
