// Kinds trainer and replay: one loss with its gradients, and several optimiser steps, on recorded draws.
#include <ATen/ATen.h>

#include <memory>

#include "core/text.h"
#include "diffusion/flow_matching.h"
#include "diffusion/noise.h"
#include "tests/checkpoint/torch_files.h"
#include "tests/core/temporary_folder.h"
#include "tests/parity/parity.h"
#include "train/trainer.h"
#include "train/training_state.h"

namespace pixnerd::parity {
namespace {

using Json = nlohmann::json;

diffusion::FlowConfig flow_config(const Json& config) {
  diffusion::FlowConfig flow;
  flow.times = config.at("lognorm_t").get<bool>() ? diffusion::TimeDistribution::lognormal
                                                  : diffusion::TimeDistribution::uniform;
  flow.timeshift = config.at("timeshift");
  flow.null_condition_p = config.at("null_condition_p");
  return flow;
}

train::TrainConfig train_config(const Json& config) {
  train::TrainConfig train;
  train.steps = config.at("steps");
  train.learning_rate = config.at("lr");
  train.betas = config.at("betas").get<std::array<double, 2>>();
  train.eps = config.at("eps");
  train.weight_decay = config.at("weight_decay");
  if (!config.at("gradient_clip_norm").is_null()) train.gradient_clip_norm = config.at("gradient_clip_norm");
  train.ema_decay = config.at("ema_decay");
  train.precision = models::Precision::float32;
  return train;
}

at::Tensor to_model_range(const at::Tensor& image01) {
  return (image01 - 0.5) / 0.5;
}

// What one call of the trainer is given.
struct Given {
  at::Tensor x, condition, null_condition, expected_condition;
};

void compare_loss(Case& golden, models::Network& network, const Given& given) {
  const diffusion::FlowConfig flow = flow_config(golden.config());
  const diffusion::Draws draws{golden.tensor("in.drop_uniform"), golden.tensor("in.t_draw"), golden.tensor("in.noise")};
  const auto seen = diffusion::flow_sample(flow, given.x, given.condition, given.null_condition, draws);
  golden.compare("condition after the drop", seen.condition, given.expected_condition, 0.0);
  golden.compare("t", seen.t, golden.tensor("out.t"), golden.tolerance("out"));
  golden.compare("x_t", seen.x_t, golden.tensor("out.x_t"), golden.tolerance("out"));

  const at::Tensor loss = diffusion::sample_losses(network, seen).mean();
  loss.backward();
  golden.compare("loss", loss, golden.tensor("out.loss"), golden.tolerance("out"));
  compare_gradients(golden, network, golden.tolerance("grad"));
}

// A trainer's state as PyTorch Lightning saves it: the optimiser's by numbers, in the order of the parameters.
void write_lightning(const train::Trainer& trainer, const std::filesystem::path& path) {
  using Maker = checkpoint::TorchFileMaker;
  Maker file;
  const auto put = [&](const at::Tensor& tensor) {
    const at::Tensor values = tensor.cpu().contiguous();
    return file.tensor(values.sizes().vec(), values.const_data_ptr(), values.nbytes());
  };
  Maker::Pairs weights, averages;
  std::vector<std::string> states;
  std::vector<int64_t> numbers;
  for (size_t i = 0; i < trainer.parameters().size(); ++i) {
    weights.emplace_back("denoiser." + trainer.parameters()[i].first, put(trainer.parameters()[i].second.detach()));
    const auto [name, average] = trainer.averaged_parameters()[i];
    averages.emplace_back("ema_denoiser." + name, put(average));
    states.push_back(Maker::dict({{"step", put(trainer.optimiser().steps()[i])},
                                  {"exp_avg", put(trainer.optimiser().exp_avg()[i])},
                                  {"exp_avg_sq", put(trainer.optimiser().exp_avg_sq()[i])}}));
    numbers.push_back(static_cast<int64_t>(i));
  }
  weights.insert(weights.end(), averages.begin(), averages.end());
  std::vector<std::string> params;
  for (const int64_t number : numbers) params.push_back(Maker::integer(number));
  const std::string groups = Maker::list({Maker::dict({{"lr", Maker::real(1e-3)}, {"params", Maker::list(params)}})});
  file.write(path, Maker::dict({{"global_step", Maker::integer(trainer.steps_taken())},
                                {"state_dict", Maker::dict(weights)},
                                {"optimizer_states", Maker::list({Maker::dict({{"state", Maker::numbered(states)},
                                                                               {"param_groups", groups}})})}}));
}

// A new trainer that goes on from another's state, by way of a file.
std::unique_ptr<train::Trainer> reopened(const Case& golden, const train::Trainer& trainer) {
  const Json& config = golden.config();
  const TemporaryFolder folder;
  write_lightning(trainer, folder / "half.ckpt");
  const auto network = models::make_network(model_config(config));
  at::Generator generator = diffusion::seeded_generator(1);
  network->initialise(generator);
  network->to(golden.device(), at::kFloat);
  auto next = std::make_unique<train::Trainer>(network, train_config(config), flow_config(config),
                                               models::null_labels(network->config(), 1));
  const auto state = train::read_training_state(folder / "half.ckpt", next->parameters(), train_config(config));
  next->restore(state.tensors, state.step, state.source);
  return next;
}

// `cut`: in the middle the training ends, and goes on from its file.
void replay(Case& golden, bool cut) {
  const Json& config = golden.config();
  const auto network = network_of(golden);
  auto current = std::make_unique<train::Trainer>(network, train_config(config), flow_config(config),
                                                  models::null_labels(network->config(), 1));
  const auto steps = config.at("steps").get<int64_t>();
  for (int64_t i = 0; i < steps; ++i) {
    if (cut && i == steps / 2) current = reopened(golden, *current);
    train::Trainer& trainer = *current;
    const auto row = [&](const char* name) { return golden.tensor(name)[i]; };
    const train::StepReport report = trainer.step(to_model_range(row("in.image01")), row("in.labels"),
                                                  {row("in.drop_uniform"), row("in.t_draw"), row("in.noise")});
    golden.compare_absolute(concat("loss of step ", i), at::scalar_tensor(report.loss), golden.tensor("out.loss")[i],
                            golden.tolerance("loss_abs"));
    golden.compare(concat("gradient norm of step ", i), at::scalar_tensor(report.gradient_norm),
                   golden.tensor("out.grad_norm")[i], 1e-3);
  }
  const double limit = golden.tolerance("param_abs");
  const train::Trainer& trainer = *current;
  for (const auto& [name, parameter] : trainer.parameters()) {
    golden.compare_absolute("param." + name, parameter, golden.tensor("out.param." + name), limit);
  }
  for (const auto& [name, average] : trainer.averaged_parameters()) {
    golden.compare_absolute("ema." + name, average, golden.tensor("out.ema." + name), limit);
  }
}

}  // namespace

void run_trainer(Case& golden) {
  const auto network = network_of(golden);
  const at::Tensor labels = golden.tensor("in.labels");
  compare_loss(
      golden, *network,
      {golden.tensor("in.x"), labels, models::null_labels(network->config(), labels.size(0)).to(golden.device()),
       golden.tensor("out.labels_after_drop")});
}

void run_trainer_t2i(Case& golden) {
  const auto network = network_of(golden);
  compare_loss(golden, *network,
               {to_model_range(golden.tensor("in.image01")), golden.tensor("in.condition"),
                golden.tensor("in.uncondition"), golden.tensor("out.condition_after_drop")});
}

void run_replay(Case& golden) {
  replay(golden, false);
  replay(golden, true);
}

}  // namespace pixnerd::parity
