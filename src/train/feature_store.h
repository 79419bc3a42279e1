// DINOv2's tokens of the pictures of a set, computed once and read back in every step: what REPA's teacher costs is
// paid once, for about 2 F bytes a token on disk.
//
//   DIR/features-00000.safetensors   "features" [n, L, F] bfloat16 of pictures 0 ... n - 1; 1024 pictures a file
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

#include "core/progress.h"
#include "core/stop.h"
#include "data/picture_set.h"
#include "dist/group.h"
#include "models/dinov2.h"
#include "train/config.h"

namespace pixnerd::train {

class FeatureStore {
 public:
  // Collective. Opens what is in config.repa.features, and computes what is missing of it, file by file, each process
  // some of them: a run that is stopped goes on where it was. The teacher may be null where nothing is missing.
  // ConfigError where pictures are changed at random, so that each has many features; DataError where the folder is of
  // other pictures, another teacher or another way of cropping; Stopped.
  FeatureStore(const RunConfig& config, std::shared_ptr<const data::PictureSet> pictures, const models::DinoV2* teacher,
               const dist::Group& group, const StopRequested& stop, Progress& progress);

  // [B, L, F] bfloat16 on the CPU, of pictures by their numbers in the set.
  at::Tensor of(const std::vector<int64_t>& pictures) const;

 private:
  std::vector<at::Tensor> files_;  // they alias mapped files
};

}  // namespace pixnerd::train
