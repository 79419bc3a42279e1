// What a network is told about the pictures of a set: their labels, what the text encoder makes of their captions, or
// the captions' bytes, where the network encodes them itself.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <string>
#include <vector>

#include "core/stop.h"
#include "data/loader.h"
#include "data/picture_set.h"
#include "sample/condition.h"
#include "train/config.h"

namespace pixnerd::train {

class Conditions {
 public:
  virtual ~Conditions() = default;

  // Of a batch of pictures of `set`, [B, ...] on the CPU. Of several captions each picture takes one, of a
  // language that is as likely as any other it has, which the run's seed and `position`, of the batch's first picture
  // in the run, decide.
  virtual at::Tensor of_batch(const data::PictureSet& set, const data::Batch& batch, int64_t position) = 0;

  // Of one picture, always the same: a row of the above.
  virtual at::Tensor of_picture(const data::PictureSet& set, int64_t index) = 0;

  // What takes the place of a condition that is dropped, [1, ...].
  virtual at::Tensor null_condition() = 0;

  // Puts the label, with its style, or the caption of a picture into the request.
  virtual void ask_for(sample::PictureRequest& request, const data::PictureSet& set, int64_t index) = 0;

  // Of texts, for drawing them with that network; it refers to both. Stopped as make_conditions().
  virtual sample::StatesOf states(models::Network&) { return {}; }
};

// As the network takes them. ConfigError, DataError: no text encoder, which is at work on `device`, or pictures without
// a caption. Whatever takes long asks `stop` between captions, and throws Stopped.
std::unique_ptr<Conditions> make_conditions(const RunConfig& config, const data::PictureSet& pictures,
                                            StopRequested stop = {}, const at::Device& device = at::kCPU);

}  // namespace pixnerd::train
