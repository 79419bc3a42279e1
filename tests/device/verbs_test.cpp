// Every verb with `--device cuda` beside the same on the CPU with no kernels: what is computed on a GPU is what other
// devices than the CPU compute, and nothing stays on the wrong one. PIXNERD_TEST_DEVICE names the GPU; where there is
// none, pretend_gpu.cpp is preloaded.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <sstream>

#include "core/threads.h"
#include "image/codec.h"
#include "sample/condition.h"
#include "serve/shelf.h"
#include "tests/cli/program.h"
#include "tests/image/pictures.h"
#include "tests/models/dinov2_weights.h"
#include "tests/models/qwen3_folder.h"
#include "tests/sample/tiny_model.h"
#include "tests/serve/studio_fixture.h"

namespace pixnerd::cli {
namespace {

namespace fs = std::filesystem;
using Arguments = std::vector<std::string>;
using image::Image;

constexpr const char* kConfig = R"(
model: {hidden_size: 16, num_heads: 2, patch_size: 4, field_width: 4, num_cond_blocks: 1, num_blocks: 2, num_classes: 0}
data: {image_size: 8, shift_pixels: 1, held_out: 0.2, cache_megabytes: 1}
train: {steps: 6, batch_size: 4, micro_batch_size: 2, precision: float32, checkpoint_every: 3, log_every: 1,
        validate_every: 3, sample_every: 3, sample_pictures: 2, recompute_blocks: true, recompute_field: true}
sample: {size: [8, 8], steps: 2}
)";

constexpr const char* kTextConfig = R"(
model: {type: t2i, hidden_size: 16, num_heads: 2, patch_size: 4, field_width: 4, num_encoder_blocks: 1,
        num_decoder_blocks: 1, num_text_blocks: 1, txt_embed_dim: 16, txt_max_length: 8}
data: {image_size: 8, cache_megabytes: 1}
train: {steps: 6, batch_size: 4, precision: float32, log_every: 1, checkpoint_every: 3, sample_every: 3,
        sample_pictures: 2}
sample: {size: [8, 8], steps: 2}
)";

std::string gpu() {
  const char* const named = std::getenv("PIXNERD_TEST_DEVICE");
  return named != nullptr ? named : "cuda";
}

sample::ModelDescription text_description() {
  sample::ModelDescription description;
  description.model = models::tiny_text_config(models::ModelType::t2i);
  description.model.txt_embed_dim = 16;
  description.sample.size = {8, 8};
  description.sample.sampler.steps = 3;
  description.sample.sampler.guidance = 3.0;
  return description;
}

class DeviceTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    shared_ = new TemporaryFolder;
    sample::write_tiny_model(*shared_ / "classes.safetensors", sample::tiny_description());
    sample::write_tiny_model(*shared_ / "prompts.safetensors", text_description());
    models::write_qwen3_folder(*shared_ / "qwen3");
    const auto dinov2 = models::dinov2_weights();
    checkpoint::save_safetensors(*shared_ / "dinov2.safetensors", {dinov2.begin(), dinov2.end()});
    image::write_png(*shared_ / "in.png", image::noise(8, 8, 1));
    Image mask = image::blank(8, 8);
    std::fill_n(mask.rgb.begin(), mask.rgb.size() / 2, uint8_t{255});
    image::write_png(*shared_ / "mask.png", mask);
    for (int i = 0; i < 20; ++i) {
      const fs::path file = *shared_ / (std::string(i % 2 == 0 ? "data/even/" : "data/odd/") + std::to_string(i));
      fs::create_directories(file.parent_path());
      image::write_png(file.string() + ".png", image::noise(8, 8, static_cast<uint64_t>(i)));
    }
    checkpoint::write_whole(*shared_ / "tiny.yaml", kConfig);
  }
  static void TearDownTestSuite() { delete shared_; }

  static std::string file(const std::string& name) { return (*shared_ / name).string(); }
  std::string path(const std::string& name) const { return (own_ / name).string(); }

  Outcome run(Arguments arguments, const std::string& device) const {
    arguments.insert(arguments.end(), {"--device", device, "--threads", "1"});
    if (device == "cpu") setenv("PIXNERD_ISA", "aten", 1);
    const Outcome outcome = program_(arguments);
    unsetenv("PIXNERD_ISA");
    EXPECT_EQ(outcome.code, 0) << arguments.front() << " on " << device << ": " << outcome.err;
    return outcome;
  }

  // What the verb writes to --out on a GPU and on the CPU: the same, but for roundings.
  void expect_same_picture(Arguments arguments, int most_levels = 1) const {
    Arguments on_cpu = arguments;
    arguments.insert(arguments.end(), {"--out", path("gpu.png"), "--overwrite"});
    on_cpu.insert(on_cpu.end(), {"--out", path("cpu.png"), "--overwrite"});
    run(arguments, gpu());
    run(on_cpu, "cpu");
    const Image a = image::read_image(path("gpu.png")), b = image::read_image(path("cpu.png"));
    ASSERT_EQ(a.rgb.size(), b.rgb.size());
    int most = 0;
    for (size_t i = 0; i < a.rgb.size(); ++i) most = std::max(most, std::abs(a.rgb[i] - b.rgb[i]));
    EXPECT_LE(most, most_levels) << arguments.front();
  }

  Arguments sample_of(const std::string& checkpoint, const Arguments& more) const {
    Arguments all{"sample", "--checkpoint", file(checkpoint + ".safetensors")};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }

  // A number of every line of the log that has it, by itself or among those of an evaluation.
  std::vector<double> logged(const std::string& run, const std::string& key) const {
    std::istringstream log(checkpoint::read_whole(own_ / (run + "/log.jsonl")));
    std::vector<double> values;
    for (std::string line; std::getline(log, line);) {
      const auto whole = nlohmann::json::parse(line);
      const auto& entry = whole.contains("eval") ? whole.at("eval") : whole;
      if (entry.contains(key)) values.push_back(entry.at(key).get<double>());
    }
    return values;
  }

  void train(const std::string& out, const std::string& device, const Arguments& more = {},
             const std::string& config = file("tiny.yaml")) const {
    Arguments all{"train", config, "--out", path(out), "--set", "data.path=" + file("data")};
    all.insert(all.end(), more.begin(), more.end());
    run(all, device);
  }

  static inline TemporaryFolder* shared_ = nullptr;
  TemporaryFolder own_;
  Program program_;
};

TEST_F(DeviceTest, SamplesOfClasses) {
  expect_same_picture(sample_of("classes", {"--classes", "0,1", "--count", "2", "--guidance", "2"}));
  expect_same_picture(sample_of("classes", {"--classes", "0", "--solver", "heun", "--reuse", "2"}));
  expect_same_picture(sample_of("classes", {"--classes", "2", "--stochastic", "sde", "--steps", "3"}));
  expect_same_picture(sample_of("classes", {"--classes", "0", "--dtype", "bfloat16"}), 3);
}

TEST_F(DeviceTest, SamplesOfPrompts) {
  const Arguments prompt{"--prompt", "abba", "--text-encoder", file("qwen3")};
  expect_same_picture(sample_of("prompts", prompt), 2);
  Arguments halves = prompt;
  halves.insert(halves.end(), {"--dtype", "bfloat16", "--prompt-cache", path("cache")});
  expect_same_picture(sample_of("prompts", halves), 3);
}

TEST_F(DeviceTest, EditsAPicture) {
  expect_same_picture({"edit", file("in.png"), "--mask", file("mask.png"), "--resample", "2", "--checkpoint",
                       file("classes.safetensors"), "--classes", "1"});
}

TEST_F(DeviceTest, ChoosesASchedule) {
  const Arguments schedule{"schedule", "--checkpoint", file("classes.safetensors"), "--encodings", "2"};
  EXPECT_EQ(run(schedule, gpu()).out, run(schedule, "cpu").out);
}

TEST_F(DeviceTest, JudgesPictures) {
  const auto figures = [&](const Arguments& what, const std::string& device) {
    Arguments all{"eval", "--dinov2", file("dinov2.safetensors"), "--reference", file("data"), "--resamples",
                  "0",    "--json"};
    all.insert(all.end(), what.begin(), what.end());
    return nlohmann::json::parse(run(all, device).out);
  };
  for (const Arguments& what :
       {Arguments{"--images", file("data/odd")},
        Arguments{"--checkpoint", file("classes.safetensors"), "--count", "6", "--size", "8x8"}}) {
    const auto on_gpu = figures(what, gpu()), on_cpu = figures(what, "cpu");
    for (const char* key : {"fd", "kd"}) {
      const double expected = on_cpu.at(key).at("value").get<double>();
      EXPECT_NEAR(on_gpu.at(key).at("value").get<double>(), expected, 0.01 * std::abs(expected)) << key;
    }
  }
}

TEST_F(DeviceTest, TrainsAndGoesOn) {
  const Arguments judged{"--set", "eval.every=3",
                         "--set", "eval.pictures=20",
                         "--set", "eval.reference=" + file("data"),
                         "--set", "eval.metrics=kid",
                         "--set", "eval.network=dinov2",
                         "--set", "eval.weights=" + file("dinov2.safetensors")};
  train("gpu", gpu(), judged);
  train("cpu", "cpu", judged);
  for (const char* key : {"loss", "validation_loss", "gradient_norm", "kd"}) {
    const std::vector<double> found = logged("gpu", key), expected = logged("cpu", key);
    ASSERT_EQ(found.size(), expected.size()) << key;
    EXPECT_FALSE(found.empty()) << key;
    for (size_t i = 0; i < found.size(); ++i)
      EXPECT_NEAR(found[i], expected[i], 1e-4 * std::abs(expected[i])) << key << i;
  }
  EXPECT_TRUE(fs::exists(own_ / "gpu/samples/step-00000006.png"));

  // From a GPU to the CPU and back.
  const Arguments longer{"--resume", "--set", "train.steps=9"};
  train("gpu", "cpu", longer);
  train("cpu", gpu(), longer);
  const std::vector<double> found = logged("cpu", "loss"), expected = logged("gpu", "loss");
  ASSERT_EQ(found.size(), 9U);
  for (size_t i = 0; i < found.size(); ++i) EXPECT_NEAR(found[i], expected[i], 1e-4 * expected[i]) << i;
}

TEST_F(DeviceTest, TrainsInBfloat16) {
  train("gpu", gpu(), {"--set", "train.precision=bfloat16"});
  train("cpu", "cpu", {"--set", "train.precision=bfloat16"});
  const std::vector<double> found = logged("gpu", "loss"), expected = logged("cpu", "loss");
  ASSERT_EQ(found.size(), 6U);
  for (size_t i = 0; i < found.size(); ++i) EXPECT_NEAR(found[i], expected[i], 0.02 * expected[i]) << i;
}

TEST_F(DeviceTest, TrainsOnCaptions) {
  for (int i = 0; i < 20; ++i) {
    const std::string name = (i % 2 == 0 ? "even/" : "odd/") + std::to_string(i);
    fs::create_directories((own_ / "told" / name).parent_path());
    fs::copy_file(file("data/" + name + ".png"), path("told/" + name + ".png"));
    checkpoint::write_whole(own_ / "told" / (name + ".txt"), i % 2 == 0 ? "ab" : "ba");
  }
  checkpoint::write_whole(own_ / "told.yaml", kTextConfig);
  const Arguments told{"--set", "data.path=" + path("told"), "--set", "text.encoder=" + file("qwen3")};
  train("gpu", gpu(), told, path("told.yaml"));
  train("cpu", "cpu", told, path("told.yaml"));
  const std::vector<double> found = logged("gpu", "loss"), expected = logged("cpu", "loss");
  ASSERT_EQ(found.size(), 6U);
  for (size_t i = 0; i < found.size(); ++i) EXPECT_NEAR(found[i], expected[i], 0.01 * expected[i]) << i;
}

TEST_F(DeviceTest, IsMeasured) {
  for (const char* mode : {"forward", "train", "sample"}) {
    const Outcome outcome =
        run({"bench", "--model", file("tiny.yaml"), "--mode", mode, "--runs", "1", "--json"}, gpu());
    const auto json = nlohmann::json::parse(outcome.out);
    EXPECT_GT(json.at("seconds_median").get<double>(), 0) << mode;
    EXPECT_FALSE(json.at("rows")[0].contains("of_peak")) << "the peak is the processor's";
  }
}

TEST_F(DeviceTest, DrawsForAServer) {
  serve::ServedModels models;
  const serve::Catalogue catalogue = models.catalogue();
  serve::ShelfOptions options;
  options.device = at::Device(gpu());
  serve::Shelf shelf(options, [] {});
  std::shared_ptr<serve::Loaded> network;
  for (int i = 0; i < 2000 && network == nullptr; ++i) {
    network = shelf.get(catalogue.find("fruit"), models::Precision::float32);
    usleep(5000);
  }
  ASSERT_NE(network, nullptr);
  EXPECT_EQ(network->common.device, gpu());
  sample::PictureRequest request;
  request.label = 1;
  if (network->file.description.model.num_styles > 0) request.style = 0;
  request.settings = std::make_shared<const sample::SampleConfig>(network->file.description.sample);
  std::vector<engine::Picture> pictures;
  pictures.push_back(sample::engine_picture(network->file.description.model, request, {}));
  const std::vector<at::Tensor> drawn = engine::draw_all(*network->engine, std::move(pictures));
  ASSERT_EQ(drawn.size(), 1U);
  EXPECT_TRUE(drawn.front().is_cuda());
}

TEST_F(DeviceTest, WhatIsNotThereIsRefused) {
  const auto refused = [&](const Arguments& more, int code, const std::string& part) {
    Arguments all = sample_of("classes", {"--classes", "0", "--out", path("no.png")});
    all.insert(all.end(), more.begin(), more.end());
    expect_error(program_(all), code, part);
  };
  refused({"--device", "cuda:99"}, 1, "the machine's GPUs are cuda:0 to cuda:");
  refused({"--device", "cuda:x"}, 2, "cuda:N");
  refused({"--device", gpu(), "--dtype", "int8"}, 1, "--dtype bfloat16");
}

}  // namespace
}  // namespace pixnerd::cli
