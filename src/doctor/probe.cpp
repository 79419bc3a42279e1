#include "doctor/probe.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/errors.h"
#include "core/text.h"
#include "data/loader.h"
#include "data/pictures.h"
#include "data/split.h"
#include "diffusion/flow_matching.h"
#include "diffusion/noise.h"
#include "image/pixels.h"
#include "models/precision.h"

namespace pixnerd::doctor {
namespace {

// Where what a picture shows is not told from its pixels: more noise than picture, and half of each.
constexpr double kTimes[] = {0.1, 0.3, 0.5};

at::Tensor in_model_range(const image::Image& picture) {
  at::Tensor chw = at::empty({3, picture.height, picture.width}, at::kFloat);
  image::to_model_range(picture.rgb, picture.width, picture.height, chw.mutable_data_ptr<float>());
  return chw;
}

// Numbers of pictures: of those held out where they are enough.
std::vector<int64_t> chosen(const train::RunConfig& config, const data::PictureSet& set, int64_t count) {
  const data::Split split = data::split(set, config.data.held_out, static_cast<uint64_t>(config.train.seed));
  const bool are_enough = std::ssize(split.held_out) >= count;
  std::vector<int64_t> numbers;
  const int64_t size = are_enough ? std::ssize(split.held_out) : set.size();
  for (int64_t i = 0; i < std::min(count, size); ++i) {
    const int64_t place = i * size / std::min(count, size);
    numbers.push_back(are_enough ? split.held_out[static_cast<size_t>(place)] : place);
  }
  return numbers;
}

// By how much other losses of the same pictures are larger, as a share of their own, and the standard error of that.
struct Gain {
  double mean, error;

  double least() const { return mean - 2 * error; }
  double most() const { return mean + 2 * error; }
};

Gain gain(const at::Tensor& own, const at::Tensor& other) {
  const at::Tensor larger = other - own;
  const double loss = own.mean().item<double>();
  const double error = larger.std(/*unbiased=*/true).item<double>() / std::sqrt(static_cast<double>(larger.numel()));
  return {larger.mean().item<double>() / loss, error / loss};
}

std::string exact_percent(double share) {
  return concat(std::round(1e5 * share) / 1e3, " %");
}

}  // namespace

Probe::Probe(const train::RunConfig& config, std::shared_ptr<const data::PictureSet> set, train::Conditions& conditions,
             int64_t count)
    : batch_(config.train.micro_batch_size.value_or(config.train.batch_size)),
      seed_(static_cast<uint64_t>(config.train.seed)),
      precision_(config.train.precision) {
  data::CroppedPictures cropped(set, config.data);
  std::vector<at::Tensor> rows;
  for (const int64_t number : chosen(config, *set, count)) {
    const auto picture = cropped.find(number);
    if (picture == nullptr) continue;
    pictures_.push_back(*picture);
    rows.push_back(conditions.of_picture(*set, number));
  }
  if (pictures_.empty()) throw DataError(concat("no picture of ", quoted(set->root()), " can be read"));
  conditions_ = at::stack(rows);
}

at::Tensor Probe::exchanged_conditions() const {
  const int64_t size = conditions_.size(0);
  at::Tensor exchanged = conditions_.clone();
  for (int64_t i = 0; i < size; ++i) {
    for (int64_t distance = 1; distance < size; ++distance) {
      const at::Tensor other = conditions_[(i + distance + size / 2) % size];
      if (other.equal(conditions_[i])) continue;
      exchanged[i].copy_(other);
      break;
    }
  }
  return exchanged;
}

at::Tensor Probe::losses(models::Network& network, const at::Tensor& conditions, const StopRequested& stop) const {
  const c10::NoGradGuard no_grad;
  const models::ModeScope training(network, models::Mode::train);  // the loss that training sees
  const at::Device device = network.device();
  const models::PrecisionScope precision(precision_, device);
  std::vector<at::Tensor> all;
  const auto size = std::ssize(pictures_);
  for (int64_t first = 0; first < size; first += batch_) {
    const int64_t count = std::min(batch_, size - first);
    std::vector<at::Tensor> pictures;
    std::vector<uint64_t> seeds;
    for (int64_t i = first; i < first + count; ++i) {
      pictures.push_back(in_model_range(pictures_[static_cast<size_t>(i)]));
      seeds.push_back(seed_ + static_cast<uint64_t>(i));
    }
    const at::Tensor x1 = at::stack(pictures).to(device), y = conditions.narrow(0, first, count).to(device);
    diffusion::ImageNoise noise(seeds);
    at::Tensor sum = at::zeros({count}, at::kDouble);
    for (const double t : kTimes) {
      stop_if(stop);
      const at::Tensor eps = noise.draw(3, x1.size(2), x1.size(3)).to(device) * network.config().noise_scale;
      const diffusion::FlowSample sample{t * x1 + (1 - t) * eps, at::full({count}, t, x1.options()), x1 - eps, y};
      sum += diffusion::sample_losses(network, sample).cpu().to(at::kDouble);
    }
    all.push_back(sum / static_cast<double>(std::size(kTimes)));
  }
  return at::cat(all);
}

std::optional<Finding> check_condition(const ConditionedLosses& losses, bool is_text) {
  constexpr double kUsed = 0.005, kUnused = 0.01;
  const Gain exchanged = gain(losses.own, losses.exchanged), null = gain(losses.own, losses.null);
  const bool is_used = exchanged.least() > kUsed || !std::isfinite(exchanged.mean);
  if (is_used || (exchanged.most() >= kUnused && null.most() >= kUnused)) return std::nullopt;
  const char* const what = is_text ? "captions" : "labels";
  return Finding{Fault::ignored_condition,
                 concat("the network ignores its ", what, ": with those of other pictures the loss is ",
                        exact_percent(exchanged.mean), " larger (+- ", exact_percent(2 * exchanged.error),
                        "), and without any ", exact_percent(null.mean), " (+- ", exact_percent(2 * null.error), ")"),
                 concat("look whether the ", what,
                        " fit the pictures, at flow.null_condition_p, and for weights of zeros where the condition "
                        "enters; a network this early in training may not have come to them"),
                 {{"exchanged", exchanged.mean},
                  {"exchanged_error", exchanged.error},
                  {"null", null.mean},
                  {"null_error", null.error}}};
}

double first_weights_share(const train::TrainConfig& config, int64_t steps) {
  double share = 1;
  for (int64_t step = 0; step < steps && share > 1e-9; ++step) share *= train::ema_decay(config, step);
  return share;
}

std::optional<Finding> check_average(const train::TrainConfig& config, int64_t step, const at::Tensor& trained,
                                     const at::Tensor& averaged) {
  constexpr double kShare = 0.05, kWorse = 1.05;
  const double share = first_weights_share(config, step);
  if (first_weights_share(config, std::max(step, config.steps)) <= kShare) return std::nullopt;
  double factor = 0;
  if (trained.defined()) {
    factor = averaged.mean().item<double>() / trained.mean().item<double>();
    if (!(factor > kWorse)) return std::nullopt;
  }
  return Finding{
      Fault::long_average,
      concat("the average of the weights is too long for the run: at step ", step, " it still holds ",
             std::lround(100 * share), " % of those it began with",
             trained.defined() ? concat(", and its loss is ", static_cast<float>(factor), " times that of the weights")
                               : std::string()),
      "begin with train.ema_warmup=true or a lower train.ema_decay; to draw from this run's weights as they are: "
      "`pixnerd convert RUN FILE --weights trained`",
      {{"first_weights", share}, {"loss_factor", factor}}};
}

}  // namespace pixnerd::doctor
