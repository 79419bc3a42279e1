#include "train/run_inputs.h"

#include <ATen/ops/scalar_tensor.h>

#include <filesystem>
#include <system_error>
#include <utility>

#include "core/errors.h"
#include "core/log.h"
#include "core/memory.h"
#include "core/random.h"
#include "core/text.h"
#include "diffusion/noise.h"
#include "train/fit_to_data.h"
#include "train/initial_weights.h"
#include "train/preflight.h"
#include "train/step_memory.h"

namespace pixnerd::train {
namespace {

// All processes must see the same files, or the parts of a batch would not be of one batch.
void require_same_pictures(const dist::Group& group, uint64_t fingerprint, const std::string& path) {
  const at::Tensor mine = at::scalar_tensor(static_cast<int64_t>(fingerprint), at::kLong);
  const at::Tensor all = group.gather(mine.view({1}));
  for (int64_t rank = 1; rank < group.size(); ++rank) {
    if (all[rank].item<int64_t>() == all[0].item<int64_t>()) continue;
    throw DataError(concat("rank ", rank, " finds other pictures in ", quoted(path),
                           " than rank 0, by their names in it and their labels; give all the same files"));
  }
}

std::shared_ptr<const models::DinoV2> load_teacher(const RunConfig& config, const at::Device& device) {
  if (config.repa.weight == 0) return nullptr;
  std::error_code none;
  if (!std::filesystem::exists(config.repa.teacher, none)) {
    throw ConfigError(concat("repa.teacher ", quoted(config.repa.teacher),
                             " is not there; it is DINOv2's published file of weights, dinov2_vitb14_pretrain.pth: set "
                             "its path, or repa.weight=0 to train without REPA"));
  }
  models::DinoV2Options options;
  options.type = config.repa.precision == models::Precision::bfloat16 ? at::kBFloat16 : at::kFloat;
  options.device = device;
  return std::make_shared<const models::DinoV2>(models::DinoV2::load(config.repa.teacher, options));
}

std::shared_ptr<const models::EfficientNetLite> load_eye(const RunConfig& config, const at::Device& device) {
  if (config.perceptual.weight == 0) return nullptr;
  std::error_code none;
  if (!std::filesystem::exists(config.perceptual.network, none)) {
    throw ConfigError(concat("perceptual.network ", quoted(config.perceptual.network),
                             " is not there; it is EfficientNet-Lite0's file of weights, which `make features` "
                             "fetches: set its path, or perceptual.weight=0"));
  }
  return std::make_shared<const models::EfficientNetLite>(
      models::EfficientNetLite::load(config.perceptual.network, at::kFloat, device, models::Mode::train));
}

}  // namespace

RunInputs open_inputs(RunConfig& config, const std::filesystem::path& out, const RunOptions& options) {
  const dist::Group& group = *options.group;
  RunInputs inputs;
  inputs.pictures =
      data::open_pictures(config.data, group.is_first() ? data::Tell::log : data::Tell::nowhere, options.stop);
  inputs.fingerprint = data::fingerprint(*inputs.pictures);
  require_same_pictures(group, inputs.fingerprint, config.data.path);
  fit_to_data(config, *inputs.pictures);
  check_shares(config, group.size());
  if (group.is_first()) check_settings(config, description_of(config, *inputs.pictures));
  check_outside(config, out);
  if (options.device.is_cpu()) {
    check_memory(config, group.size(), available_bytes() / static_cast<uint64_t>(group.local_size()));
  }
  inputs.judges = {load_teacher(config, options.device), load_eye(config, options.device)};
  inputs.conditions = make_conditions(config, *inputs.pictures, options.stop, options.device);
  if (config.eval.every > 0 && group.is_first()) {
    inputs.evaluation.emplace(config, *inputs.pictures, *inputs.conditions, options.load_extractor, options.device);
  }
  return inputs;
}

std::shared_ptr<models::Network> initial_network(const RunConfig& config, const RunOptions& options, bool is_new,
                                                 const sample::ModelDescription& description) {
  const auto network = models::make_network(config.model);
  at::Generator initial =
      diffusion::seeded_generator(random_bits(static_cast<uint64_t>(config.train.seed), kInitialStream, 0));
  network->initialise(initial);
  if (options.init && is_new) {
    const std::string moved = take_weights(*network, description, *options.init, options.init_other_prediction);
    if (options.group->is_first()) log_info(concat("starting from the weights of ", *options.init));
    if (options.group->is_first() && !moved.empty()) log_info(moved);
  }
  network->to(options.device, at::kFloat);
  return network;
}

Objective make_objective(const RunConfig& config, Judges judges, const at::Device& device) {
  std::optional<Projector> projector;
  if (config.repa.weight > 0) {
    const int64_t width = config.model.hidden_size;
    projector.emplace(width, config.repa.hidden_size.value_or(width), judges.teacher->width(), device);
    at::Generator generator =
        diffusion::seeded_generator(random_bits(static_cast<uint64_t>(config.train.seed), kProjectorStream, 0));
    projector->initialise(generator);
  }
  if (!config.repa.features.empty()) judges.teacher.reset();  // it is asked once, for all pictures
  return {{config.repa, config.dispersive, config.frequency, config.perceptual, config.text.alignment,
           config.text.teacher.empty() ? 0 : config.text.teacher_weight, config.text.alone},
          std::move(projector),
          std::move(judges)};
}

}  // namespace pixnerd::train
