#include "sample/model_file.h"

#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include "core/log.h"
#include "tests/checkpoint/files.h"
#include "tests/sample/tiny_model.h"

namespace pixnerd::sample {
namespace {

using checkpoint::expect_contains;
using checkpoint::NamedTensors;

class ModelFileTest : public testing::Test {
 protected:
  std::filesystem::path save(const NamedTensors& entries) {
    checkpoint::save_safetensors(path_, entries, metadata_);
    return path_;
  }

  NamedTensors weights(std::string_view prefix, uint64_t seed) const {
    return prefixed(prefix, random_network(tiny_description().model, seed)->parameters());
  }

  std::string error_of(const NamedTensors& entries, Weights which = Weights::prefer_ema) {
    save(entries);
    return thrown<CheckpointError>([&] { load_model(path_, which); });
  }

  TemporaryFolder folder_;
  std::filesystem::path path_ = folder_ / "tiny.safetensors";
  checkpoint::Metadata metadata_ = describe(tiny_description(), 120);
};

NamedTensors operator+(NamedTensors a, const NamedTensors& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

void expect_weights(const models::Network& network, const NamedTensors& expected) {
  const NamedTensors found = network.parameters();
  ASSERT_EQ(found.size(), expected.size());
  for (size_t i = 0; i < found.size(); ++i) EXPECT_TRUE(found[i].second.equal(expected[i].second)) << found[i].first;
}

TEST_F(ModelFileTest, AFileIsEnoughToSampleFrom) {
  const ModelFile file = load_model(save(weights("", 5)));
  EXPECT_EQ(config::dump(file.description), config::dump(tiny_description()));
  EXPECT_EQ(file.step, 120);
  EXPECT_EQ(file.weights, "");
  expect_weights(*file.network, weights("", 5));
}

TEST_F(ModelFileTest, ParametersAliasTheFile) {
  const ModelFile file = load_model(save(weights("", 5)));
  const auto parameters = file.network->parameters();
  const auto again = load_model(path_).network->parameters();
  // Two mappings of one file: addresses differ, but both lie as far from their first tensor as the file says.
  const auto distance = [](const NamedTensors& tensors) {
    return static_cast<const char*>(tensors[1].second.const_data_ptr()) -
           static_cast<const char*>(tensors[0].second.const_data_ptr());
  };
  EXPECT_EQ(distance(parameters), distance(again));
  const auto entries = checkpoint::SafetensorsFile::open(path_);
  EXPECT_EQ(distance(parameters), entries->find(parameters[1].first)->data - entries->find(parameters[0].first)->data);
}

TEST_F(ModelFileTest, TheAverageIsPreferred) {
  save(weights(kEmaPrefix, 5) + weights(kTrainedPrefix, 6) + NamedTensors{{"optimizer.step", at::zeros({1})}} +
       NamedTensors{{"diffusion_trainer.proj.0.0.bias", at::zeros({2})}});
  const ModelFile average = load_model(path_);
  EXPECT_EQ(average.weights, "ema_denoiser");
  expect_weights(*average.network, weights("", 5));
  EXPECT_EQ(load_model(path_, Weights::ema).weights, "ema_denoiser");

  const ModelFile trained = load_model(path_, Weights::trained);
  EXPECT_EQ(trained.weights, "denoiser");
  expect_weights(*trained.network, weights("", 6));
}

TEST_F(ModelFileTest, WithoutAnAverageTheTrainedWeightsAreTaken) {
  const ModelFile file = load_model(save(weights(kTrainedPrefix, 6)));
  EXPECT_EQ(file.weights, "denoiser");
  expect_weights(*file.network, weights("", 6));
}

TEST_F(ModelFileTest, AMissingStepIsNone) {
  metadata_.erase("pixnerd.step");
  EXPECT_EQ(load_model(save(weights("", 5))).step, std::nullopt);
}

TEST_F(ModelFileTest, WeightsThatAreNotThereAreRefused) {
  expect_contains(error_of(weights(kTrainedPrefix, 6), Weights::ema), "has no averaged weights");
  expect_contains(error_of(weights(kEmaPrefix, 6), Weights::trained), "no denoiser.*");
  expect_contains(error_of({{"optimizer.step", at::zeros({1})}}), "holds no weights");
}

TEST_F(ModelFileTest, EntriesOfOtherModulesArePassedOverWithAWord) {
  std::string said;
  set_log_sink([&](std::string_view line) { said += line; });
  expect_weights(*load_model(save(weights(kEmaPrefix, 5) + NamedTensors{{"bogus.weight", at::zeros({1})}})).network,
                 weights("", 5));
  set_log_sink({});
  expect_contains(said, "tiny.safetensors");
  expect_contains(said, "bogus.weight is no part of the network");
}

TEST_F(ModelFileTest, SurplusParametersAreRefused) {
  expect_contains(error_of(weights("", 5) + NamedTensors{{"bogus.weight", at::zeros({1})}}), "bogus.weight");
  expect_contains(error_of(weights(kEmaPrefix, 5) + NamedTensors{{"ema_denoiser.bogus", at::zeros({1})}}), "bogus");
}

TEST_F(ModelFileTest, MissingAndMisshapenParametersAreRefused) {
  NamedTensors entries = weights("", 5);
  const std::string name = entries[0].first;
  entries.erase(entries.begin());
  expect_contains(error_of(entries), name + " is missing");
  entries.emplace_back(name, at::zeros({7}));
  expect_contains(error_of(entries), name + " has shape [7]");
}

TEST_F(ModelFileTest, WithoutADescriptionTheNetworkIsGuessedFromShapes) {
  metadata_.clear();
  std::string said;
  set_log_sink([&](std::string_view line) { said += line; });
  const ModelFile file = load_model(save(weights(kEmaPrefix, 5) + weights(kTrainedPrefix, 6)));
  set_log_sink({});
  EXPECT_EQ(config::dump(file.description.model), config::dump(tiny_description().model));
  EXPECT_EQ(file.weights, "ema_denoiser");
  EXPECT_EQ(file.description.sample.size, (std::array<int64_t, 2>{256, 256}));
  EXPECT_EQ(file.description.sample.sampler.guidance, 3.5);
  expect_weights(*file.network, weights("", 5));
  for (const char* part : {"guessed", "class-conditional", "256x256"}) expect_contains(said, part);
}

TEST_F(ModelFileTest, WeightsOfNoKnownNetworkAreRefused) {
  metadata_.clear();
  expect_contains(error_of({{"weight", at::zeros({2, 2})}}), "pixnerd.config");
  NamedTensors entries = weights("", 5);
  for (auto& [name, tensor] : entries) {
    if (name == "s_embedder.proj.weight") tensor = at::zeros({tensor.size(0), 7});
  }
  expect_contains(error_of(entries), "no network that pixnerd knows");
}

// Bare weights say nothing of the decoder: the heavy one is taken.
TEST_F(ModelFileTest, TextToImageNetworksAreLoaded) {
  const models::ModelConfig config = models::tiny_text_config(models::ModelType::t2i);
  const auto network = models::random_network(config, 5);
  checkpoint::save_safetensors(path_, network->parameters(), {});
  const ModelFile bare = load_model(path_);
  EXPECT_EQ(bare.description.model.type, models::ModelType::t2i_heavy);
  EXPECT_EQ(bare.description.model.txt_embed_dim, config.txt_embed_dim);
  EXPECT_EQ(bare.description.sample.sampler.guidance, 4.0);
  EXPECT_EQ(bare.network->parameters().size(), network->parameters().size());

  ModelDescription description;
  description.model = config;
  checkpoint::save_safetensors(path_, network->parameters(), describe(description, 7));
  const ModelFile told = load_model(path_);
  EXPECT_EQ(told.description.model.type, models::ModelType::t2i);
  EXPECT_EQ(told.step, 7);

  description.classes = {"apple"};
  EXPECT_THROW(description.validate(), ConfigError);
}

TEST_F(ModelFileTest, PatchesThatDoNotDivideTheHeavyDecodersSizeAreLoaded) {
  ModelDescription description;
  description.model = models::tiny_text_config(models::ModelType::t2i);
  description.model.patch_size = 12;
  const auto network = models::random_network(description.model, 5);
  for (const checkpoint::Metadata& metadata : {checkpoint::Metadata{}, describe(description, 7)}) {
    checkpoint::save_safetensors(path_, network->parameters(), metadata);
    for (const auto decoder : {models::ModelType::t2i, models::ModelType::t2i_heavy}) {
      const ModelFile file = load_model(path_, Weights::prefer_ema, {}, decoder);
      EXPECT_EQ(file.description.model.type, decoder);
      EXPECT_EQ(token_grid(file.description.model, 504, 504), (models::TokenGrid{42, 42}));
    }
  }
}

TEST_F(ModelFileTest, FilesOfPyTorchAreReadAsTheyAre) {
  const ModelFile file = load_model("tests/golden/checkpoints/lightning.ckpt");
  EXPECT_EQ(file.step, 3);
  EXPECT_EQ(file.weights, "ema_denoiser");
  EXPECT_EQ(file.description.model.hidden_size, 16);
  EXPECT_EQ(file.description.model.num_classes, 5);
  EXPECT_EQ(load_model("tests/golden/checkpoints/legacy.ckpt", Weights::trained).weights, "denoiser");
  EXPECT_THROW(load_model("tests/golden/checkpoints/evil_system.ckpt"), CheckpointError);
}

TEST_F(ModelFileTest, AWrongDescriptionIsRefusedWithItsLine) {
  metadata_["pixnerd.config"] = "model:\n  hiden_size: 4\n";
  const std::string message = error_of(weights("", 5));
  expect_contains(message, "tiny.safetensors");
  expect_contains(message, "pixnerd.config:2");
  expect_contains(message, "hidden_size");
}

TEST_F(ModelFileTest, AWrongStepIsRefused) {
  for (const char* step : {"many", "-1", "12x", ""}) {
    metadata_["pixnerd.step"] = step;
    expect_contains(error_of(weights("", 5)), "pixnerd.step");
  }
}

TEST_F(ModelFileTest, ANetworkBeyondAllMemoryIsRefused) {
  ModelDescription description = tiny_description();
  description.model.hidden_size = 65536;
  description.model.num_classes = 10'000'000;
  description.classes.clear();
  metadata_ = describe(description, 0);
  expect_contains(error_of(weights("", 5)), "tiny.safetensors");
}

TEST_F(ModelFileTest, AFileThatIsNotThereIsADataError) {
  EXPECT_THROW(load_model(folder_ / "none.safetensors"), DataError);
}

TEST(ModelDescription, NamesMustFitTheClasses) {
  ModelDescription description = tiny_description();
  description.classes = {"apple", "pear"};
  EXPECT_THROW(description.validate(), ConfigError);
  description.classes = {"apple", "pear", "apple"};
  EXPECT_THROW(description.validate(), ConfigError);
  description.classes.clear();
  EXPECT_NO_THROW(description.validate());
}

TEST(SampleConfig, KeysOfTheSamplerStandBesideTheSize) {
  SampleConfig config;
  config::read(config::parse("size: [64, 32]\nsteps: 7\nguidance: 2.5\n", "x.yaml"), config);
  EXPECT_EQ(config.size, (std::array<int64_t, 2>{64, 32}));
  EXPECT_EQ(config.sampler.steps, 7);
  EXPECT_EQ(config.sampler.guidance, 2.5);
  EXPECT_THROW(config::read(config::parse("solver: adams\nstochastic: sde\n", "x.yaml"), config), ConfigError);
}

}  // namespace
}  // namespace pixnerd::sample
