// Kinds trainer and replay, with REPA or without: one loss with its gradients, and several optimiser steps, on recorded
// draws.
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

// REPA's losses of the case, with its projector; flow matching alone for a case without. `with_teacher`: DINOv2 is
// asked, else its features must be given.
train::Objective objective_of(const Case& golden, bool with_teacher) {
  const Json& config = golden.config();
  if (!config.value("repa", false)) return {};
  train::RepaConfig repa;
  repa.weight = config.at("feat_loss_weight");
  repa.block = config.at("align_layer");
  const auto parameters = golden.with_prefix("param.diffusion_trainer.");
  const at::Tensor& first = parameters.at("proj.0.0.weight");
  train::Projector projector(first.size(1), first.size(0), parameters.at("proj.0.4.weight").size(0), golden.device());
  checkpoint::copy_into(projector.parameters(), parameters, golden.name());
  std::shared_ptr<const models::DinoV2> teacher;
  if (with_teacher) {
    models::DinoV2Options options;
    options.num_heads = config.at("encoder").at("heads").get<int64_t>();
    options.device = golden.device();
    teacher = std::make_shared<const models::DinoV2>(
        models::FrozenWeights{golden.with_prefix("param.encoder."), golden.name()}, options);
  }
  return {{.repa = repa}, projector, {.teacher = teacher}};
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

void compare_repa(Case& golden, models::Network& network, const at::Tensor& labels, bool with_teacher) {
  const diffusion::FlowConfig flow = flow_config(golden.config());
  const diffusion::Draws draws{golden.tensor("in.drop_uniform"), golden.tensor("in.t_draw"), golden.tensor("in.noise")};
  const at::Tensor x = golden.tensor("in.x"), none = models::null_labels(network.config(), 1).to(golden.device());
  const train::Objective objective = objective_of(golden, with_teacher);
  const train::MicroBatch batch{diffusion::flow_sample(flow, x, labels, none, draws), x,
                                with_teacher ? at::Tensor() : golden.tensor("in.encoder_features")};
  const train::Losses losses = objective(network, batch);
  const at::Tensor loss = objective.total(losses).mean();
  loss.backward();
  const double limit = golden.tolerance("out");
  golden.compare("loss", loss, golden.tensor("out.loss"), limit);
  golden.compare("flow matching", losses.flow.mean(), golden.tensor("out.fm_loss"), limit);
  golden.compare("alignment", losses.beside[train::SideLoss::repa].mean(), golden.tensor("out.cos_loss"), limit);
  compare_gradients(golden, network, golden.tolerance("grad"));
  for (const auto& [name, parameter] : objective.parameters()) {
    golden.compare(name, parameter.grad(), golden.tensor("grad.diffusion_trainer." + name), golden.tolerance("grad"));
  }
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
  const auto network = std::ssize(trainer.parameters());
  for (const auto& [name, tensor] : trainer.parameters())
    weights.emplace_back("denoiser." + name, put(tensor.detach()));
  for (const auto& [name, tensor] : trainer.averaged_parameters()) {
    averages.emplace_back("ema_denoiser." + name, put(tensor));
  }
  for (const auto& [name, tensor] : trainer.beside()) {
    averages.emplace_back("diffusion_trainer." + name, put(tensor.detach()));
  }
  std::vector<std::string> names;  // of the optimiser's states
  for (const auto& [name, tensor] : trainer.parameters()) names.push_back(name);
  for (const auto& [name, tensor] : trainer.beside()) names.push_back("diffusion_trainer." + name);
  const auto all = trainer.state();
  const std::map<std::string, at::Tensor> state(all.begin(), all.end());
  for (const std::string& name : names) {
    numbers.push_back(std::ssize(states));
    states.push_back(Maker::dict({{"step", put(state.at("optimizer.step." + name))},
                                  {"exp_avg", put(state.at("optimizer.exp_avg." + name))},
                                  {"exp_avg_sq", put(state.at("optimizer.exp_avg_sq." + name))}}));
  }
  weights.insert(weights.end(), averages.begin(), averages.end());
  std::vector<std::string> params, beside;
  for (const int64_t number : numbers) (number < network ? params : beside).push_back(Maker::integer(number));
  const auto group = [](const std::vector<std::string>& of) {
    return Maker::dict({{"lr", Maker::real(1e-3)}, {"params", Maker::list(of)}});
  };
  const std::string groups = Maker::list({group(params), group(beside)});
  file.write(path, Maker::dict({{"global_step", Maker::integer(trainer.steps_taken())},
                                {"state_dict", Maker::dict(weights)},
                                {"optimizer_states", Maker::list({Maker::dict({{"state", Maker::numbered(states)},
                                                                               {"param_groups", groups}})})}}));
}

std::unique_ptr<train::Trainer> trainer_of(const Case& golden, std::shared_ptr<models::Network> network,
                                           bool with_teacher) {
  const Json& config = golden.config();
  const at::Tensor none = models::null_labels(network->config(), 1);
  return std::make_unique<train::Trainer>(std::move(network), train_config(config), flow_config(config), none,
                                          objective_of(golden, with_teacher));
}

// A new trainer that goes on from another's state, by way of a file.
std::unique_ptr<train::Trainer> reopened(const Case& golden, const train::Trainer& trainer, bool with_teacher) {
  const Json& config = golden.config();
  const TemporaryFolder folder;
  write_lightning(trainer, folder / "half.ckpt");
  const auto network = models::make_network(model_config(config));
  at::Generator generator = diffusion::seeded_generator(1);
  network->initialise(generator);
  network->to(golden.device(), at::kFloat);
  auto next = trainer_of(golden, network, with_teacher);
  const auto state =
      train::read_training_state(folder / "half.ckpt", next->parameters(), next->beside(), train_config(config));
  next->restore(state.tensors, state.step, state.source);
  return next;
}

// `cut`: in the middle the training ends, and goes on from its file.
void replay(Case& golden, bool cut, bool with_teacher = false) {
  const Json& config = golden.config();
  auto current = trainer_of(golden, network_of(golden), with_teacher);
  const auto steps = config.at("steps").get<int64_t>();
  const bool needs_features = config.value("repa", false) && !with_teacher;
  for (int64_t i = 0; i < steps; ++i) {
    if (cut && i == steps / 2) current = reopened(golden, *current, with_teacher);
    train::Trainer& trainer = *current;
    const auto row = [&](const char* name) { return golden.tensor(name)[i]; };
    const train::StepReport report = trainer.step({to_model_range(row("in.image01")),
                                                   row("in.labels"),
                                                   {row("in.drop_uniform"), row("in.t_draw"), row("in.noise")},
                                                   needs_features ? row("in.encoder_features") : at::Tensor()});
    golden.compare_absolute(concat("loss of step ", i), at::scalar_tensor(report.total), golden.tensor("out.loss")[i],
                            golden.tolerance("loss_abs"));
    if (config.value("repa", false)) {
      const double samples = config.at("batch");
      golden.compare_absolute(concat("alignment of step ", i),
                              at::scalar_tensor(report.losses.beside[train::SideLoss::repa] / samples),
                              golden.tensor("out.cos_loss")[i], golden.tolerance("loss_abs"));
      golden.compare_absolute(concat("flow matching of step ", i), at::scalar_tensor(report.loss),
                              golden.tensor("out.fm_loss")[i], golden.tolerance("loss_abs"));
    }
    golden.compare(concat("gradient norm of step ", i), at::scalar_tensor(report.gradient_norm),
                   golden.tensor("out.grad_norm")[i], 1e-3);
  }
  const double limit = golden.tolerance("param_abs");
  const train::Trainer& trainer = *current;
  for (const auto& [name, parameter] : trainer.parameters()) {
    golden.compare_absolute("param." + name, parameter, golden.tensor("out.param." + name), limit);
  }
  for (const auto& [name, parameter] : trainer.beside()) {
    golden.compare_absolute(name, parameter, golden.tensor("out.param.diffusion_trainer." + name), limit);
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

void run_trainer_repa(Case& golden) {
  const auto network = network_of(golden);
  const at::Tensor labels = golden.tensor("in.labels");
  for (const bool with_teacher : {true, false}) {
    network->set_requires_grad(true);
    for (auto [name, parameter] : network->parameters()) parameter.mutable_grad().reset();
    compare_repa(golden, *network, labels, with_teacher);
  }
}

void run_replay_repa(Case& golden) {
  for (const bool with_teacher : {true, false}) {
    replay(golden, false, with_teacher);
    replay(golden, true, with_teacher);
  }
}

void run_replay(Case& golden) {
  replay(golden, false);
  replay(golden, true);
}

}  // namespace pixnerd::parity
