// The sampler as a source of pictures: they are drawn as they are asked for, and none is kept.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/progress.h"
#include "data/picture_set.h"
#include "eval/pictures.h"
#include "models/network.h"
#include "sample/model_file.h"
#include "sample/request.h"

namespace pixnerd::eval {

class SampledPictures : public Pictures {
 public:
  // The pictures of a request, in its order and its batches, the same however many are asked for at a time: what is
  // drawn beyond that waits for the next call. The network and the progress, which counts steps of single pictures,
  // must outlive this. `source` names the set in messages. RequestError as sample::check.
  SampledPictures(models::Network& network, sample::Request request, std::string source, Progress& progress);

  at::Tensor next(int64_t count) override;

 private:
  void draw_batch();

  models::Network& network_;
  sample::Request request_;
  Progress& progress_;
  int64_t drawn_ = 0;
  at::Tensor ready_;  // drawn and not given yet
};

// Asks for `count` pictures: the classes in turn and, for each round of them, the styles, so that any run of pictures
// is like the whole. Without styles to choose from, the request has none.
void ask_in_turn(sample::Request& request, int64_t count, const std::vector<int64_t>& classes,
                 const std::vector<int64_t>& styles);

// `count` numbers of the pictures of a set: as often each as any other, as far as that allows, in a random order that
// `seed` decides.
std::vector<int64_t> drawn_pictures(int64_t size, int64_t count, uint64_t seed);

// Asks for `count` pictures with the labels of a set's pictures, and their styles where the network has styles: as
// often as they are in the set, as far as `count` allows, in a random order that `seed` decides. Names of the set are
// looked up in those of the description, where both have names; else the numbers count.
// DataError: a picture without a class, or without a style; a class or style that the network does not know.
void ask_as_in(sample::Request& request, int64_t count, const data::PictureSet& set,
               const sample::ModelDescription& description, uint64_t seed);

}  // namespace pixnerd::eval
