#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <fstream>

#include "checkpoint/tensors.h"
#include "models/precision.h"
#include "nn/packed_weight.h"
#include "tests/cli/program.h"
#include "tests/sample/tiny_model.h"

namespace pixnerd::cli {
namespace {

class ConvertTest : public testing::Test {
 protected:
  void SetUp() override { sample::write_tiny_model(folder_ / "tiny.safetensors", sample::tiny_description()); }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  Outcome convert(const std::string& from, const std::string& to, std::vector<std::string> more = {}) const {
    more.insert(more.begin(), {"convert", path(from), path(to)});
    return program_(more);
  }

  void expect_converts(const std::string& from, const std::string& to,
                       const std::vector<std::string>& more = {}) const {
    const Outcome outcome = convert(from, to, more);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_TRUE(outcome.says(to)) << outcome.out;
    EXPECT_EQ(outcome.err, "");
  }

  TemporaryFolder folder_;
  Program program_;
};

const std::string kLightning = "tests/golden/checkpoints/lightning.ckpt";

TEST_F(ConvertTest, ThereAndBackAreTheSameBytes) {
  expect_converts("tiny.safetensors", "a.ckpt");
  expect_converts("a.ckpt", "b.safetensors");
  const auto original = checkpoint::load_safetensors(path("tiny.safetensors"));
  const auto again = checkpoint::load_safetensors(path("b.safetensors"));
  ASSERT_EQ(original.tensors.size(), again.tensors.size());
  for (const auto& [name, tensor] : original.tensors) EXPECT_TRUE(again.tensors.at(name).equal(tensor)) << name;
  for (const auto& [key, text] : original.metadata) EXPECT_EQ(again.metadata.at(key), text);
  EXPECT_EQ(sample::load_model(path("a.ckpt")).step, 120);
}

TEST_F(ConvertTest, ShardsAreSampledFrom) {
  expect_converts("tiny.safetensors", "s.safetensors", {"--shard-size", "0.00001"});
  const std::string index = "s.safetensors.index.json";
  EXPECT_GT(sample::load_model(path(index)).step, 0);
  expect_converts(index, "again.safetensors");
  EXPECT_EQ(checkpoint::read_whole(path("again.safetensors")), checkpoint::read_whole(path("tiny.safetensors")));
}

TEST_F(ConvertTest, OneNetInAnotherType) {
  const Outcome outcome =
      program_({"convert", kLightning, path("ema.safetensors"), "--weights", "ema", "--dtype", "bf16"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  const auto original = checkpoint::WeightsFile::open(kLightning);
  const auto loaded = checkpoint::load_safetensors(path("ema.safetensors"));
  EXPECT_FALSE(loaded.tensors.empty());
  for (const auto& [name, tensor] : loaded.tensors) {
    ASSERT_TRUE(name.starts_with("ema_denoiser.")) << name;
    const checkpoint::StridedEntry* entry = original->find("state_dict/" + name);
    ASSERT_NE(entry, nullptr) << name;
    EXPECT_TRUE(tensor.equal(checkpoint::tensor_of(original, *entry).to(at::kBFloat16))) << name;
  }
  EXPECT_EQ(loaded.metadata.at("global_step"), "3");
}

TEST_F(ConvertTest, Int8LoadsWithoutTheOriginal) {
  if (!nn::has_packed_products(at::kChar)) GTEST_SKIP() << "no int8 products here";
  expect_converts("tiny.safetensors", "q.safetensors", {"--dtype", "int8"});
  const auto written = checkpoint::load_safetensors(path("q.safetensors"));
  EXPECT_EQ(written.metadata.at("pixnerd.dtype"), "int8");
  const std::string name = "ema_denoiser.blocks.0.attn.qkv.weight";
  EXPECT_EQ(written.tensors.at(name).scalar_type(), at::kChar);
  EXPECT_EQ(written.tensors.at(name + "_scale").sizes(), at::IntArrayRef({48}));
  EXPECT_EQ(written.tensors.at("ema_denoiser.final_layer.linear.weight").scalar_type(), at::kBFloat16);
  EXPECT_EQ(written.tensors.at("ema_denoiser.blocks.0.norm1.weight").scalar_type(), at::kFloat);

  // Rounded at loading or before, the network is the same.
  std::vector<at::Tensor> velocities;
  for (const char* file : {"tiny.safetensors", "q.safetensors"}) {
    const sample::ModelFile model = sample::load_model(path(file));
    model.network->prepare_for_inference(at::kCPU, at::kChar);
    const models::PrecisionScope scope(models::Precision::int8, at::kCPU);
    velocities.push_back(
        model.network->velocity(at::ones({1, 3, 8, 12}), at::full({1}, 0.3), at::zeros({1}, at::kLong)));
  }
  EXPECT_TRUE(velocities[0].equal(velocities[1]));
  const Outcome info = program_({"info", path("q.safetensors")});
  EXPECT_EQ(info.code, 0) << info.err;
  EXPECT_TRUE(info.says("transformer blocks")) << info.out;
}

TEST_F(ConvertTest, Int8IsNotRoundedAgain) {
  expect_converts("tiny.safetensors", "q.safetensors", {"--dtype", "int8"});
  for (const char* dtype : {"int8", "f32"}) {
    expect_error(convert("q.safetensors", "r.safetensors", {"--dtype", dtype}), 1, "in int8 already");
  }
  expect_converts("q.safetensors", "q.ckpt");
  expect_converts("q.ckpt", "again.safetensors");
  const auto before = checkpoint::load_safetensors(path("q.safetensors"));
  const auto after = checkpoint::load_safetensors(path("again.safetensors"));
  ASSERT_EQ(before.tensors.size(), after.tensors.size());
  for (const auto& [name, tensor] : before.tensors) EXPECT_TRUE(after.tensors.at(name).equal(tensor)) << name;
}

TEST_F(ConvertTest, NothingIsReplacedUnlessAskedFor) {
  expect_converts("tiny.safetensors", "a.pt");
  expect_error(convert("tiny.safetensors", "a.pt"), 1, "--overwrite");
  expect_converts("tiny.safetensors", "a.pt", {"--overwrite"});
}

TEST_F(ConvertTest, NoShardIsReplacedUnlessAskedFor) {
  const std::vector<std::string> small{"--shard-size", "0.00001"};
  expect_converts("tiny.safetensors", "s.safetensors", small);
  std::vector<std::string> names;
  for (const auto& each : std::filesystem::directory_iterator(folder_.path())) {
    if (each.path().filename().string().starts_with("s")) names.push_back(each.path().filename().string());
  }
  ASSERT_GT(names.size(), 2U);
  const std::string last =
      std::ranges::max(names, {}, [](const std::string& name) { return name.starts_with("s-") ? name : ""; });
  for (const std::string& name : names) std::filesystem::remove(path(name));
  checkpoint::write_whole(path(last), "mine");
  expect_error(convert("tiny.safetensors", "s.safetensors", small), 1, last + "' is there already");
  EXPECT_EQ(checkpoint::read_whole(path(last)), "mine");
  expect_converts("tiny.safetensors", "s.safetensors", {"--shard-size", "0.00001", "--overwrite"});
}

TEST_F(ConvertTest, WhatIsReadIsNeverReplaced) {
  const std::string before = checkpoint::read_whole(path("tiny.safetensors"));
  std::filesystem::create_hard_link(path("tiny.safetensors"), path("hard.safetensors"));
  std::filesystem::create_symlink("tiny.safetensors", path("soft.safetensors"));
  for (const char* out : {"tiny.safetensors", "hard.safetensors", "soft.safetensors"}) {
    expect_error(convert("tiny.safetensors", out, {"--overwrite", "--dtype", "f16"}), 1, "would replace what is read");
    EXPECT_EQ(checkpoint::read_whole(path(out)), before) << out;
  }
  expect_error(convert("soft.safetensors", "tiny.safetensors", {"--overwrite"}), 1, "would replace what is read");
  // Of shards each is read, not only the index.
  expect_converts("tiny.safetensors", "s.safetensors", {"--shard-size", "0.00001"});
  expect_error(convert("s.safetensors.index.json", "s.safetensors", {"--overwrite", "--shard-size", "0.00001"}), 1,
               "would replace what is read");
  std::filesystem::copy(path("s.safetensors.index.json"), path("t.safetensors.index.json"));
  expect_error(convert("t.safetensors.index.json", "s.safetensors", {"--overwrite", "--shard-size", "0.00001"}), 1,
               "would replace what is read");
}

TEST_F(ConvertTest, TheSizeOfAShardIsANumberAboveNothing) {
  for (const char* size : {"0", "-1", "nan", "inf", "0x10", "1e300", "five", ""}) {
    const Outcome outcome = convert("tiny.safetensors", "s.safetensors", {"--shard-size", size});
    expect_error(outcome, 2, "--shard-size");
    EXPECT_LT(outcome.err.size(), 200U) << outcome.err;
  }
}

TEST_F(ConvertTest, ANameThatTheIndexCannotHoldIsFoundBeforeTheWork) {
  expect_error(convert("tiny.safetensors", "caf\xe9.safetensors", {"--shard-size", "0.00001"}), 1, "no UTF-8");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_.path()), {}), 1);
}

TEST_F(ConvertTest, WrongUsageAndFailures) {
  expect_error(convert("tiny.safetensors", "a.bin"), 2, "names no format");
  expect_error(convert("tiny.safetensors", "a.pt", {"--shard-size", "1"}), 2, "--shard-size");
  expect_error(convert("tiny.safetensors", "a.pt", {"--dtype", "f8"}), 2, "--dtype");
  expect_error(convert("tiny.safetensors", "a.pt", {"--weights", "trained"}), 1, "no denoiser.*");
  expect_error(convert("none.safetensors", "a.pt"), 1, "none.safetensors");
  EXPECT_FALSE(std::filesystem::exists(path("a.pt")));
}

TEST_F(ConvertTest, InfoTellsWhatOfficialFilesAre) {
  const Outcome info = program_({"info", kLightning});
  EXPECT_EQ(info.code, 0) << info.err;
  for (const char* part : {"PyTorch (zip)", "training step 3", "ema_denoiser", "optimizer_states", "guessed",
                           "class-conditional, width 16, 2 heads", "5 classes"}) {
    EXPECT_TRUE(info.says(part)) << part << " is not in:\n" << info.out;
  }
}

TEST_F(ConvertTest, InfoListsWhatItDoesNotRecognise) {
  const Outcome info = program_({"info", "tests/golden/checkpoints/odd_storages.ckpt"});
  EXPECT_EQ(info.code, 0) << info.err;
  for (const char* part : {"no network", "state_dict/bf16", "BF16 [5, 7]"}) EXPECT_TRUE(info.says(part)) << info.out;
}

TEST_F(ConvertTest, UnknownClassesAreRefusedOrPassedOver) {
  const std::string evil = "tests/golden/checkpoints/evil_eval_global.ckpt";
  expect_error(program_({"info", evil}), 1, "builtins.eval");
  const Outcome info = program_({"info", evil, "--ignore-unknown"});
  EXPECT_EQ(info.code, 0) << info.err;
  EXPECT_TRUE(info.says("passed over\n  builtins.eval\n")) << info.out;
}

TEST_F(ConvertTest, WhatWasGuessedIsKept) {
  const auto network = models::random_network(sample::tiny_description().model, 1);
  checkpoint::save_safetensors(path("foreign.safetensors"), sample::prefixed("module.", network->parameters()));
  const Outcome outcome = convert("foreign.safetensors", "ours.safetensors");
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_TRUE(outcome.complains("guessed from its shapes")) << outcome.err;
  EXPECT_TRUE(outcome.complains("begin with 'module.'")) << outcome.err;
  const Outcome info = program_({"info", path("ours.safetensors")});
  EXPECT_FALSE(info.says("guessed")) << info.out;
  EXPECT_FALSE(info.says("training step")) << info.out;
  const sample::ModelFile model = sample::load_model(path("ours.safetensors"));
  EXPECT_EQ(model.description.model.hidden_size, sample::tiny_description().model.hidden_size);
  EXPECT_EQ(model.weights, "");
}

TEST_F(ConvertTest, NumbersBeyondTheRangeOfATypeAreRefusedByName) {
  const auto save = [&](float value) {
    checkpoint::save_safetensors(path("x.safetensors"), {{"a", at::ones({3})}, {"b", at::full({2}, value)}});
  };
  save(70000.F);
  expect_error(convert("x.safetensors", "y.safetensors", {"--dtype", "f16"}), 1, "b has the value 70000");
  EXPECT_FALSE(std::filesystem::exists(path("y.safetensors")));
  expect_converts("x.safetensors", "z.safetensors", {"--dtype", "bf16"});
  save(std::numeric_limits<float>::infinity());  // what was infinite stays so
  expect_converts("x.safetensors", "y.safetensors", {"--dtype", "f16"});
}

TEST_F(ConvertTest, TensorsOfOtherTypesAreCopied) {
  checkpoint::save_safetensors(path("x.safetensors"), {{"a", at::ones({3}).to(at::kFloat8_e4m3fn)},
                                                       {"b", at::ones({3}).to(at::kComplexFloat)},
                                                       {"c", at::ones({3}).to(at::kUInt16)}});
  expect_converts("x.safetensors", "y.ckpt", {"--dtype", "bf16"});
  expect_converts("y.ckpt", "z.safetensors");
  const auto before = checkpoint::load_safetensors(path("x.safetensors"));
  for (const auto& [name, tensor] : checkpoint::load_safetensors(path("z.safetensors")).tensors) {
    EXPECT_EQ(tensor.scalar_type(), before.tensors.at(name).scalar_type());
    EXPECT_TRUE(tensor.view(at::kByte).equal(before.tensors.at(name).view(at::kByte))) << name;
  }
}

TEST_F(ConvertTest, AFolderOfARunIsItsNewestCheckpoint) {
  std::filesystem::create_directories(folder_ / "run/checkpoints");
  std::filesystem::copy(path("tiny.safetensors"), path("run/checkpoints/step-00000120.safetensors"));
  const Outcome info = program_({"info", path("run")});
  EXPECT_TRUE(info.says("step-00000120.safetensors: ")) << info.out << info.err;
  expect_converts("run", "y.safetensors");
}

TEST_F(ConvertTest, OfficialFilesAreSampledFrom) {
  const Outcome outcome = program_({"sample", "--checkpoint", kLightning, "--classes", "0,4", "--size", "32x16",
                                    "--steps", "2", "--threads", "1", "--out", path("a.png")});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_TRUE(outcome.complains("guessed from its shapes")) << outcome.err;
}

}  // namespace
}  // namespace pixnerd::cli
