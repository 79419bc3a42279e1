#include "sample/interpolation.h"

#include "core/errors.h"

namespace pixnerd::sample {

void vary(std::vector<PictureRequest>& pictures, uint64_t seed, uint64_t other, double strength) {
  for (size_t i = 0; i < pictures.size(); ++i) {
    pictures[i].seed = seed;
    pictures[i].variation = Variation{other + i, strength};
  }
}

std::vector<PictureRequest> row_between(const std::vector<PictureRequest>& ends, int64_t pictures) {
  if (ends.size() < 2 || pictures < 2) {
    throw RequestError("a row leads from one class or prompt to another; name at least two, and two pictures");
  }
  std::vector<PictureRequest> row;
  for (size_t i = 0; i < ends.size(); ++i) {
    if (ends[i].settings->picture_size() != ends.front().settings->picture_size()) {
      throw RequestError("the pictures of a row have one size; give the prompts none of their own");
    }
    PictureRequest picture = ends[i];
    picture.seed = ends.front().seed;
    picture.settings = ends.front().settings;
    row.push_back(picture);
    if (i + 1 == ends.size()) break;
    for (int64_t k = 1; k + 1 < pictures; ++k) {
      const double share = static_cast<double>(k) / static_cast<double>(pictures - 1);
      picture.mixture = Mixture{ends[i + 1].label, ends[i + 1].style, ends[i + 1].prompt, share};
      row.push_back(picture);
    }
  }
  return row;
}

}  // namespace pixnerd::sample
