// Pictures between others: variations of one, and rows from one to another.
#pragma once

#include <cstdint>
#include <vector>

#include "sample/picture.h"

namespace pixnerd::sample {

// Lets picture i begin from the noise of `seed`, `strength` of the way to that of other + i.
void vary(std::vector<PictureRequest>& pictures, uint64_t seed, uint64_t other, double strength);

// A row that shows `ends` one after the other, in equal steps: from each to the next `pictures`, 2 at least, both of
// them included. Seed and settings are those of the first; styles of labels are mixed as these are. RequestError for
// ends of several sizes, and for fewer than two.
std::vector<PictureRequest> row_between(const std::vector<PictureRequest>& ends, int64_t pictures);

}  // namespace pixnerd::sample
