#include "train/training_state.h"

#include "core/log.h"
#include "core/text.h"
#include "sample/model_file.h"
#include "tests/checkpoint/files.h"
#include "train/trainer.h"

namespace pixnerd::train {
namespace {

using checkpoint::expect_contains;
const std::string kLightning = "tests/golden/checkpoints/lightning.ckpt";

Trainer trainer_for(const models::ModelConfig& config) {
  return Trainer(models::make_network(config), {}, {}, models::null_labels(config, 1));
}

// Of three steps of the official code.
TEST(TrainingState, TheOfficialCodesLightningFiles) {
  const models::ModelConfig config = sample::load_model(kLightning).description.model;
  Trainer trainer = trainer_for(config);
  std::string said;
  set_log_sink([&](std::string_view line) { said += line; });
  const TrainingState state = read_training_state(kLightning, trainer.parameters(), {}, {});
  set_log_sink({});
  expect_contains(said, "learning_rate 0.001 (now 0.0001)");
  EXPECT_EQ(state.step, 3);
  trainer.restore(state.tensors, state.step, state.source);
  EXPECT_EQ(trainer.steps_taken(), 3);
  const auto file = checkpoint::WeightsFile::open(kLightning);
  const auto stored = [&](const std::string& name) { return checkpoint::tensor_of(file, *file->find(name)); };
  const auto parameters = trainer.parameters();
  for (size_t i = 0; i < parameters.size(); ++i) {
    const auto& [name, parameter] = parameters[i];
    EXPECT_TRUE(parameter.equal(stored("state_dict/denoiser." + name))) << name;
    EXPECT_TRUE(trainer.optimiser().average()[i].equal(stored("state_dict/ema_denoiser." + name).view(-1))) << name;
    EXPECT_EQ(trainer.optimiser().steps()[i].item<float>(), 3) << name;
  }
  // Number i of the optimiser is the i-th of the network's parameters in the file.
  const std::string prefix = "state_dict/denoiser.";
  size_t number = 0;
  for (const checkpoint::StridedEntry& entry : file->entries()) {
    if (!entry.name.starts_with(prefix)) continue;
    const std::string path = concat("optimizer_states/0/state/", number++, "/");
    const std::string name = entry.name.substr(prefix.size());
    for (size_t i = 0; i < parameters.size(); ++i) {
      if (parameters[i].first != name) continue;
      EXPECT_TRUE(trainer.optimiser().exp_avg()[i].equal(stored(path + "exp_avg").view(-1))) << name;
      EXPECT_TRUE(trainer.optimiser().exp_avg_sq()[i].equal(stored(path + "exp_avg_sq").view(-1))) << name;
    }
  }
  EXPECT_EQ(number, parameters.size());
}

TEST(TrainingState, WhatAnotherRunLeft) {
  const TemporaryFolder folder;
  const models::ModelConfig config = sample::load_model(kLightning).description.model;
  Trainer trainer = trainer_for(config);
  const TrainingState state = read_training_state(kLightning, trainer.parameters(), {}, {});
  trainer.restore(state.tensors, state.step, state.source);
  checkpoint::save_safetensors(folder / "x.safetensors", trainer.state(), {{sample::kStepKey, "3"}});
  const TrainingState again = read_training_state(folder / "x.safetensors", trainer.parameters(), {}, {});
  EXPECT_EQ(again.step, 3);
  ASSERT_EQ(again.tensors.size(), state.tensors.size());
  for (const auto& [name, tensor] : state.tensors) EXPECT_TRUE(again.tensors.at(name).equal(tensor)) << name;
}

TEST(TrainingState, FilesWithoutStatesAreRefused) {
  const models::ModelConfig config = sample::load_model(kLightning).description.model;
  const Trainer trainer = trainer_for(config);
  expect_contains(thrown<CheckpointError>([&] {
                    read_training_state("tests/golden/checkpoints/emainit.ckpt", trainer.parameters(), {}, {});
                  }),
                  "holds no states of an optimiser to go on with; --init");
}

TEST(TrainingState, StatesOfAnotherNetworkAreRefused) {
  models::ModelConfig config = sample::load_model(kLightning).description.model;
  config.num_cond_blocks += 1;
  config.num_blocks += 1;
  const Trainer trainer = trainer_for(config);
  expect_contains(thrown<CheckpointError>([&] { read_training_state(kLightning, trainer.parameters(), {}, {}); }),
                  "its optimiser has states of 39 tensors of the network");
}

}  // namespace
}  // namespace pixnerd::train
