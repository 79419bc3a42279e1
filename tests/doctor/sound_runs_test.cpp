// Runs of other kinds that are sound: of captions, and of the emoji configuration.
#include <gtest/gtest.h>

#include <fstream>

#include "config/schema.h"
#include "sample/drawing.h"
#include "sample/label_names.h"
#include "tests/doctor/sound_run.h"
#include "tests/models/qwen3_folder.h"

namespace pixnerd::doctor {
namespace {

std::string everything_told(const Examination& all) {
  std::string text;
  for (const Finding& each : all.findings) text += each.what + '\n';
  for (const std::string& each : all.not_looked_at) text += each + '\n';
  return text;
}

std::string examined(const fs::path& run) {
  NoProgress progress;
  return everything_told(examine(run, {}, progress));
}

TEST(SoundRun, OfCaptions) {
  const TemporaryFolder folder;
  models::write_qwen3_folder(folder / "encoder");
  write_shard(folder / "data.tar", R"({"caption": "a picture of kind )");
  train::RunConfig config = sound_config(folder / "data.tar");
  config.model = models::tiny_text_config(models::ModelType::t2i);
  config.model.hidden_size = 32;
  config.model.txt_embed_dim = 16;
  config.model.txt_max_length = 24;
  config.model.prediction = models::Prediction::image;
  config.text.encoder = (folder / "encoder").string();
  config.text.cache = (folder / "cache").string();
  config.train.sample_pictures = 4;
  config.train.sample_every = 0;
  NoProgress progress;
  train::run(config, folder / "run", {}, progress);
  EXPECT_EQ(examined(folder / "run"), "");
}

// Pictures of some classes in all styles, drawn by the network that the run begins with.
void draw_emoji(const fs::path& folder, const fs::path& weights) {
  const sample::ModelFile file = sample::load_model(weights);
  sample::SampleConfig settings = file.description.sample;
  settings.sampler.steps = 6;
  const auto shared = std::make_shared<const sample::SampleConfig>(settings);
  std::vector<sample::PictureRequest> requests;
  std::vector<fs::path> files;
  for (const char* name : {"fox", "red heart", "ghost", "owl", "tangerine", "grinning face"}) {
    for (int64_t style = 0; style < file.description.model.num_styles; ++style) {
      sample::PictureRequest& request = requests.emplace_back();
      request.label = sample::label_named(name, file.description.classes, "class");
      request.style = style;
      request.seed = requests.size();
      request.settings = shared;
      files.push_back(folder / file.description.classes[static_cast<size_t>(*request.label)] /
                      (file.description.styles[static_cast<size_t>(style)] + ".png"));
      fs::create_directories(files.back().parent_path());
    }
  }
  NoProgress progress;
  sample::draw(
      *file.network, requests, {},
      [&](int64_t index, const image::Image& picture) { image::write_png(files[static_cast<size_t>(index)], picture); },
      progress);
}

TEST(SoundRun, OfTheEmojiConfiguration) {
  const TemporaryFolder folder;
  const fs::path weights = "assets/emoji64.safetensors";
  draw_emoji(folder / "data", weights);
  train::RunConfig config = train::read_run_config(config::load("configs/emoji64.yaml"));
  config.data.path = (folder / "data").string();
  config.data.include.clear();
  config.data.held_out = 0;
  config.train.steps = 12;
  config.train.batch_size = 4;
  config.train.learning_rate = 2e-4;
  config.train.warmup_steps = 4;
  config.train.checkpoint_every = 6;
  config.train.log_every = 1;
  config.train.sample_every = 6;
  config.train.sample_pictures = 6;
  config.sample.sampler.steps = 5;
  train::RunOptions options;
  options.init = weights;
  NoProgress progress;
  train::run(config, folder / "run", options, progress);
  EXPECT_EQ(examined(folder / "run"), "");
}

}  // namespace
}  // namespace pixnerd::doctor
