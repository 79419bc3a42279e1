// Eight faults, each planted in a run that is sound but for it, and runs that are sound.
#include "doctor/examine.h"

#include <ATen/TensorOperators.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <regex>
#include <set>

#include "config/json.h"
#include "core/errors.h"
#include "core/file.h"
#include "tests/core/thrown.h"
#include "tests/doctor/sound_run.h"

namespace pixnerd::doctor {
namespace {

std::string told(const Examination& all) {
  std::string text;
  for (const Finding& each : all.findings) text += concat(key_of(each.fault), ": ", each.what, '\n');
  for (const std::string& each : all.not_looked_at) text += concat("not looked at: ", each, '\n');
  return text;
}

std::set<std::string> faults(const Examination& all) {
  std::set<std::string> keys;
  for (const Finding& each : all.findings) keys.insert(key_of(each.fault));
  return keys;
}

class OfARun : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    shared_ = new TemporaryFolder;
    write_shard(*shared_ / "data.tar", R"({"class": ")");
    NoProgress progress;
    train::run(sound_config(*shared_ / "data.tar"), *shared_ / "run", {}, progress);
  }
  static void TearDownTestSuite() { delete shared_; }

  OfARun() {
    fs::copy(*shared_ / "run", run_, fs::copy_options::recursive);
    fs::copy_file(*shared_ / "data.tar", folder_ / "data.tar");
  }

  Examination examined() const {
    NoProgress progress;
    ExamineOptions options;
    options.data = (folder_ / "data.tar").string();
    return examine(run_, options, progress);
  }

  // The only fault, and what is said of it.
  std::string only(Fault fault) const {
    const Examination all = examined();
    EXPECT_EQ(faults(all), (std::set<std::string>{key_of(fault)})) << told(all);
    return all.findings.empty() ? "" : all.findings.front().what;
  }

  // A run of another configuration on the same pictures.
  void train_anew(const std::function<void(train::RunConfig&)>& change) {
    fs::remove_all(run_);
    train::RunConfig config = sound_config(folder_ / "data.tar");
    change(config);
    NoProgress progress;
    train::run(config, run_, {}, progress);
  }

  void change_checkpoint(const std::function<void(std::map<std::string, at::Tensor>&)>& change) const {
    const fs::path path = run_ / "checkpoints/step-00000300.safetensors";
    checkpoint::Loaded loaded = checkpoint::load_safetensors(path);
    for (auto& [name, tensor] : loaded.tensors) tensor = tensor.clone();
    change(loaded.tensors);
    checkpoint::save_safetensors(path, {loaded.tensors.begin(), loaded.tensors.end()}, loaded.metadata);
  }

  void change_samples(int64_t step, const std::function<int(int x, int y, int level)>& change) const {
    const fs::path path = run_ / concat("samples/step-00000", step, ".png");
    image::Image grid = image::read_image(path);
    for (int y = 0; y < grid.height; ++y) {
      for (int x = 0; x < grid.width; ++x) {
        uint8_t* const pixel = grid.row(y) + 3 * x;
        for (int c = 0; c < 3; ++c) pixel[c] = static_cast<uint8_t>(std::clamp(change(x, y, pixel[c]), 0, 255));
      }
    }
    image::write_png(path, grid);
  }

  inline static TemporaryFolder* shared_ = nullptr;
  TemporaryFolder folder_;
  fs::path run_ = folder_ / "run";
};

TEST_F(OfARun, ThatIsSoundNothingIsSaid) {
  const Examination all = examined();
  EXPECT_EQ(told(all), "");
  EXPECT_EQ(all.step, 300);
  EXPECT_EQ(all.steps, 300);
}

TEST_F(OfARun, GreyPicturesAreNamed) {
  change_samples(300, [](int, int, int level) { return 128 + (level - 128) / 12; });
  EXPECT_NE(only(Fault::grey_pictures).find("of the contrast"), std::string::npos);
}

TEST_F(OfARun, GreyPicturesAreDrawnWhereThereAreNone) {
  fs::remove_all(run_ / "samples");
  EXPECT_EQ(told(examined()), "");
  change_checkpoint([](auto& tensors) {
    for (const char* name : {"denoiser.final_layer.linear.weight", "ema_denoiser.final_layer.linear.weight",
                             "denoiser.final_layer.linear.bias", "ema_denoiser.final_layer.linear.bias"}) {
      tensors.at(name).zero_();
    }
  });
  const auto found = faults(examined());
  EXPECT_TRUE(found.contains("grey-pictures"));
  EXPECT_TRUE(found.contains("dead-layer"));
}

TEST_F(OfARun, AGridThatGrowsAtTheBordersOfPatchesIsNamed) {
  // Pictures stand at 2, 20, 38 ... in the grid.
  const auto patches = [](int strength) {
    return [strength](int x, int y, int level) {
      const int column = (x - 2) % (kSide + 2) / 4, row = (y - 2) % (kSide + 2) / 4;
      return level + ((column + row) % 2 == 0 ? strength : -strength);
    };
  };
  change_samples(200, patches(15));
  change_samples(300, patches(60));
  EXPECT_NE(only(Fault::patch_grid).find("at step 300, where pictures have 1, and since step "), std::string::npos);
}

TEST_F(OfARun, ADeadLayerIsNamed) {
  change_checkpoint([](auto& tensors) {
    for (const char* prefix : {"denoiser.", "ema_denoiser.", "optimizer.exp_avg.", "optimizer.exp_avg_sq."}) {
      tensors.at(std::string(prefix) + "blocks.1.mlp.w2.weight").zero_();
    }
  });
  EXPECT_NE(only(Fault::dead_layer).find("blocks.1.mlp.w2.weight"), std::string::npos);
}

TEST_F(OfARun, AnExplodingLayerIsNamed) {
  change_checkpoint([](auto& tensors) {
    for (const char* prefix : {"denoiser.", "ema_denoiser."}) {
      tensors.at(std::string(prefix) + "blocks.0.attn.qkv.weight").mul_(300);
    }
  });
  EXPECT_NE(only(Fault::exploding_layer).find("blocks.0.attn.qkv.weight"), std::string::npos);
}

TEST_F(OfARun, AnAverageThatIsTooLongIsNamed) {
  train_anew([](train::RunConfig& config) {
    config.train.ema_decay = 0.9995;
    config.train.ema_warmup = false;
  });
  EXPECT_NE(only(Fault::long_average).find("still holds 86 % of those it began with"), std::string::npos);
}

TEST_F(OfARun, DataThatEndsEarlyIsNamed) {
  const auto size = fs::file_size(folder_ / "data.tar");
  fs::resize_file(folder_ / "data.tar", size * 2 / 3);
  EXPECT_NE(only(Fault::data_ends_early).find("not those that the run began with"), std::string::npos);
  fs::resize_file(folder_ / "data.tar", 700);
  EXPECT_NE(only(Fault::data_ends_early).find("data.tar"), std::string::npos);
}

TEST_F(OfARun, ALearningRateThatIsNotWhereTheScheduleSaysIsNamed) {
  const std::string log = read_file(run_ / "log.jsonl", 1 << 24);
  std::ofstream(run_ / "log.jsonl") << std::regex_replace(log, std::regex("(\"step\":2[0-9]{2},.*\"lr\":)[^,]*"),
                                                          "$010.003");
  const std::string what = only(Fault::learning_rate);
  EXPECT_NE(what.find("in 20 of 60 lines of the log, from step 200 on: it was 0.003"), std::string::npos) << what;
}

TEST_F(OfARun, LabelsThatAreIgnoredAreNamed) {
  train_anew([](train::RunConfig& config) { config.flow.null_condition_p = 1; });
  EXPECT_NE(only(Fault::ignored_condition).find("ignores its labels"), std::string::npos);
}

}  // namespace
}  // namespace pixnerd::doctor
