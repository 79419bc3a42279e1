// Some pictures of a run with noise and times that stay the same: what a network, or another condition, changes in
// their losses is told from pairs.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "core/stop.h"
#include "data/picture_set.h"
#include "doctor/finding.h"
#include "image/image.h"
#include "models/network.h"
#include "train/conditions.h"
#include "train/config.h"

namespace pixnerd::doctor {

class Probe {
 public:
  // `count` pictures at most, of those that the run holds out or, where these are fewer, of all; spread evenly. Those
  // that cannot be read are left out. DataError if none can be, or their conditions cannot.
  Probe(const train::RunConfig& config, std::shared_ptr<const data::PictureSet> set, train::Conditions& conditions,
        int64_t count);

  const std::vector<image::Image>& pictures() const { return pictures_; }

  // [N, ...] of the pictures, and the same with each picture's condition in the place of another's that differs as far
  // as there is one.
  const at::Tensor& conditions() const { return conditions_; }
  at::Tensor exchanged_conditions() const;

  // [N] float64 on the CPU: of each picture the mean loss over its times. Stopped if `stop` says so.
  at::Tensor losses(models::Network& network, const at::Tensor& conditions, const StopRequested& stop) const;

 private:
  std::vector<image::Image> pictures_;
  at::Tensor conditions_;
  int64_t batch_;
  uint64_t seed_;
  models::Precision precision_;
};

// Of each picture the losses with its own condition, with another picture's, and with none.
struct ConditionedLosses {
  at::Tensor own, exchanged, null;
};

// A condition with which the loss is not, for sure, half a percent better than with another picture's, and surely not a
// percent better than with that or with none.
std::optional<Finding> check_condition(const ConditionedLosses& losses, bool is_text);

// An average that still holds more than a twentieth of what it began with at the end of training, and whose loss is
// worse than that of the weights by more than a twentieth; without losses the first says enough.
std::optional<Finding> check_average(const train::TrainConfig& config, int64_t step, const at::Tensor& trained,
                                     const at::Tensor& averaged);

// What the average still holds, after so many steps, of the weights it began with.
double first_weights_share(const train::TrainConfig& config, int64_t steps);

}  // namespace pixnerd::doctor
