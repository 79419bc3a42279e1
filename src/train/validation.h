// The loss on pictures that training does not see.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "core/stop.h"
#include "data/pictures.h"
#include "diffusion/denoiser.h"
#include "models/network.h"
#include "train/conditions.h"
#include "train/config.h"
#include "train/loss_by_time.h"

namespace pixnerd::train {

class Validation {
 public:
  // The first train.validation_pictures of the set, which has them in a random order. Every picture has the same noise
  // at every call, one for each of the ten times .05, .15, ... .95; its condition is never dropped and it is not
  // augmented. The conditions must outlive it.
  Validation(std::shared_ptr<const data::PictureSet> pictures, Conditions& conditions, const RunConfig& config);

  // The loss of each time on squares of `side` pixels, one of the data's sizes. Pictures that cannot be read are left
  // out (and named in the log, once). Stopped if `stop`, which is asked before every evaluation of the network, says
  // so.
  LossByTime run(models::Network& network, int64_t side, const StopRequested& stop);

  // Pictures that could not be read so far.
  int64_t broken() const { return pictures_.broken(); }

 private:
  LossByTime run(models::Network& network, const std::vector<int64_t>& indices, int64_t side,
                 const StopRequested& stop);

  data::CroppedPictures pictures_;
  Conditions& conditions_;
  int64_t size_, batch_size_;
  uint64_t seed_;
  models::Precision precision_;
};

}  // namespace pixnerd::train
