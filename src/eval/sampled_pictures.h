// The sampler as a source of pictures: they are drawn as they are asked for, and none is kept.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/progress.h"
#include "data/picture_set.h"
#include "eval/pictures.h"
#include "models/network.h"
#include "sample/drawing.h"
#include "sample/model_file.h"

namespace pixnerd::eval {

class SampledPictures : public Pictures {
 public:
  // The pictures that are asked for, all of one size, in their order. The network and the progress, which counts steps
  // of single pictures, must outlive this. `source` names the set in messages. RequestError as sample::Drawing.
  SampledPictures(models::Network& network, std::vector<sample::PictureRequest> pictures, sample::DrawSettings settings,
                  std::string source, Progress& progress);

  at::Tensor next(int64_t count) override;

 private:
  void begin_at(int64_t first) override;

  models::Network& network_;
  std::vector<sample::PictureRequest> requests_;
  sample::DrawSettings settings_;
  Progress& progress_;
  std::optional<sample::Drawing> drawing_;
};

// `count` numbers of the pictures of a set: as often each as any other, as far as that allows, in a random order that
// `seed` decides.
std::vector<int64_t> drawn_pictures(int64_t size, int64_t count, uint64_t seed);

// `count` pictures with the labels of a set's pictures, and their styles where the network has styles: as often as they
// are in the set, as far as `count` allows, in a random order that `seed` decides; their seeds count from it. Names of
// the set are looked up in those of the description, where both have names; else the numbers count.
// DataError: a picture without a class, or without a style; a class or style that the network does not know.
std::vector<sample::PictureRequest> requests_as_in(const data::PictureSet& set, int64_t count,
                                                   const sample::ModelDescription& description, uint64_t seed,
                                                   const sample::SampleConfig& settings);

}  // namespace pixnerd::eval
