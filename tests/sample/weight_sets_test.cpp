#include "sample/weight_sets.h"

#include <ATen/ops/zeros.h>

#include <map>

#include "core/log.h"
#include "sample/model_file.h"
#include "tests/checkpoint/files.h"
#include "tests/checkpoint/torch_files.h"
#include "tests/sample/tiny_model.h"

namespace pixnerd::sample {
namespace {

using checkpoint::expect_contains;
using checkpoint::TorchFileMaker;
using checkpoint::WeightsFile;

class WeightSets : public testing::Test {
 protected:
  checkpoint::NamedTensors parameters(uint64_t seed) const {
    return models::random_network(tiny_description().model, seed)->parameters();
  }

  // A dict of a network's parameters behind a prefix.
  std::string pickled(TorchFileMaker& file, const checkpoint::NamedTensors& tensors, const std::string& prefix = "") {
    TorchFileMaker::Pairs pairs;
    for (const auto& [name, tensor] : tensors) {
      pairs.emplace_back(prefix + name, file.tensor(tensor.sizes().vec(), tensor.const_data_ptr(), tensor.nbytes()));
    }
    return TorchFileMaker::dict(pairs);
  }

  // The seed of the network that is loaded, and what is said.
  void expect_loads(uint64_t seed, Weights which = Weights::prefer_ema) {
    said_.clear();
    set_log_sink([&](std::string_view line) { said_ += line; });
    const ModelFile model = load_model(path_, which);
    set_log_sink({});
    const auto expected = parameters(seed), found = model.network->parameters();
    for (size_t i = 0; i < expected.size(); ++i) {
      EXPECT_TRUE(found[i].second.equal(expected[i].second)) << found[i].first;
    }
  }

  std::map<std::string, WeightSet> sets() const {
    const auto file = WeightsFile::open(path_);
    std::map<std::string, WeightSet> sets;
    for (const NamedEntry& entry : named_entries(*file)) sets.emplace(entry.name, entry.set);
    return sets;
  }

  TemporaryFolder folder_;
  std::filesystem::path path_ = folder_ / "x.ckpt";
  std::string said_;
};

TEST_F(WeightSets, AnyPrefixIsLeftOutAndSaid) {
  for (const std::string prefix : {"module.", "_orig_mod.", "model.", "_orig_mod.module.", "module._orig_mod.",
                                   "model.diffusion_model.", "net.module.denoiser_of_mine."}) {
    checkpoint::save_safetensors(path_, prefixed(prefix, parameters(5)));
    expect_loads(5);
    expect_contains(said_, concat("begin with '", prefix, "', which is left out"));
  }
}

TEST_F(WeightSets, WrappersWithinPublishedNamesAreLeftOut) {
  checkpoint::NamedTensors tensors;
  for (const auto& [name, tensor] : parameters(5)) {
    std::string wrapped = name;
    if (name.starts_with("blocks.0.")) wrapped.insert(std::string("blocks.0.").size(), "_orig_mod.");
    tensors.emplace_back("module.ema_denoiser." + wrapped, tensor);
  }
  for (const auto& [name, tensor] : parameters(6)) tensors.emplace_back("module.denoiser._orig_mod." + name, tensor);
  checkpoint::save_safetensors(path_, tensors);
  expect_loads(5);
  expect_loads(6, Weights::trained);
}

TEST_F(WeightSets, OwnAndPublishedNamesNeedNoWord) {
  checkpoint::save_safetensors(path_, prefixed(kEmaPrefix, parameters(5)), describe(tiny_description(), 3));
  expect_loads(5);
  EXPECT_EQ(said_, "");
}

TEST_F(WeightSets, ModelEmaAndOptimiser) {
  TorchFileMaker file;
  file.write(path_, TorchFileMaker::dict({{"model", pickled(file, parameters(6), "module.")},
                                          {"ema", pickled(file, parameters(5))},
                                          {"opt", TorchFileMaker::dict({{"state", TorchFileMaker::numbered({})}})},
                                          {"steps", TorchFileMaker::integer(70)},
                                          {"args", "cargparse\nNamespace\n)\x81}b"}}));
  expect_loads(5);
  EXPECT_EQ(load_model(path_).step, 70);
  expect_contains(said_, "'ema/'");
  expect_loads(6, Weights::trained);
  EXPECT_TRUE(sets().contains("ema_denoiser.s_embedder.proj.weight"));
  EXPECT_TRUE(sets().contains("denoiser.s_embedder.proj.weight"));
}

TEST_F(WeightSets, DeepSpeedKeepsTheNetworkUnderModule) {
  TorchFileMaker file;
  file.write(path_, TorchFileMaker::dict({{"module", pickled(file, parameters(5))},
                                          {"optimizer", "N"},
                                          {"ds_version", TorchFileMaker::text("0.17")}}));
  expect_loads(5);
}

TEST_F(WeightSets, LightningsAverageIsTheStateDict) {
  for (const std::string prefix : {"denoiser.", "model._orig_mod.", ""}) {
    TorchFileMaker file;
    file.write(path_, TorchFileMaker::dict({{"state_dict", pickled(file, parameters(5), prefix)},
                                            {"current_model_state", pickled(file, parameters(6), prefix)},
                                            {"averaging_state", TorchFileMaker::dict({})}}));
    expect_loads(5);
    expect_loads(5, Weights::ema);
    expect_loads(6, Weights::trained);
    expect_contains(said_, "current_model_state");
  }
}

TEST_F(WeightSets, OtherModulesStandBesideTheWeights) {
  auto tensors = prefixed("model.diffusion_model.", parameters(5));
  tensors.emplace_back("first_stage.weight", at::zeros({2}));
  tensors.emplace_back("text_encoder.scale", at::zeros({2}).to(at::kFloat8_e4m3fn));
  checkpoint::save_safetensors(path_, tensors);
  expect_loads(5);
  expect_contains(said_, "first_stage.weight and 1 more tensors are no part of the network");
  EXPECT_EQ(sets().at("text_encoder.scale"), WeightSet::beside);
}

TEST_F(WeightSets, TheSameParameterTwiceIsRefused) {
  auto tensors = prefixed("", parameters(5));
  tensors.emplace_back("module.s_embedder.proj.bias", at::zeros({2}));
  checkpoint::save_safetensors(path_, tensors);
  expect_contains(thrown<CheckpointError>([&] { load_model(path_); }), "the same parameter, s_embedder.proj.bias");
}

TEST_F(WeightSets, TensorsOfOtherTypesAreRefusedOnlyWhereTheyAreNeeded) {
  auto tensors = prefixed("", parameters(5));
  tensors.emplace_back("rotary.table", at::zeros({2}).to(at::kComplexFloat));
  tensors.emplace_back("counts", at::zeros({2}).to(at::kUInt16));
  checkpoint::save_safetensors(path_, tensors);
  expect_loads(5);
  for (auto& [name, tensor] : tensors) {
    if (name == "s_embedder.proj.weight") tensor = tensor.to(at::kFloat8_e5m2);
  }
  checkpoint::save_safetensors(path_, tensors);
  expect_contains(thrown<CheckpointError>([&] { load_model(path_); }), "s_embedder.proj.weight is F8_E5M2");
}

}  // namespace
}  // namespace pixnerd::sample
