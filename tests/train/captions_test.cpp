// Training from captions: what the network is told, and that it learns.
#include <ATen/ops/equal.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

#include "core/errors.h"
#include "core/file.h"
#include "models/byte_prompts.h"
#include "sample/model_file.h"
#include "tests/core/temporary_folder.h"
#include "tests/core/thrown.h"
#include "tests/data/tars.h"
#include "tests/models/qwen3_folder.h"
#include "tests/models/tiny.h"
#include "train/conditions.h"
#include "train/run.h"

namespace pixnerd::train {
namespace {

namespace fs = std::filesystem;

std::string flat(uint8_t level) {
  return data::png_bytes({8, 8, std::vector<uint8_t>(8 * 8 * 3, level)});
}

// A shard with a dark and a light picture, each with captions in two languages, and a tiny text encoder.
class Captions : public testing::Test {
 protected:
  Captions() {
    models::write_qwen3_folder(folder_ / "encoder");
    write_shard(R"({"caption": {"en": ["dark", "black"], "de": "dunkel"}})", R"({"caption": {"en": "light"}})");
    config_.model = models::tiny_text_config(models::ModelType::t2i);
    config_.model.txt_embed_dim = 16;
    config_.data.path = (folder_ / "data.tar").string();
    config_.data.image_size = 8;
    config_.text.encoder = (folder_ / "encoder").string();
    config_.text.cache = (folder_ / "cache").string();
    config_.sample.size = {8, 8};
    config_.sample.sampler.steps = 2;
    config_.train.batch_size = 4;
    config_.train.learning_rate = 3e-3;
    config_.train.ema_decay = 0.9;
    config_.train.precision = models::Precision::float32;
  }

  void write_shard(const std::string& dark, const std::string& light) const {
    std::ofstream out(folder_ / "data.tar", std::ios::binary);
    out << data::tar_entry("a.png", flat(40)) << data::tar_entry("a.json", dark) << data::tar_entry("b.png", flat(220))
        << data::tar_entry("b.json", light) << data::kTarEnd;
  }

  std::unique_ptr<Conditions> conditions() {
    pictures_ = data::open_pictures(config_.data);
    return make_conditions(config_, *pictures_);
  }

  // Of the run in "run", line by line.
  std::vector<double> logged(const char* key) const {
    std::ifstream log(folder_ / "run/log.jsonl");
    std::vector<double> values;
    for (std::string line; std::getline(log, line);) {
      const auto entry = nlohmann::json::parse(line);
      if (entry.contains(key)) values.push_back(entry.at(key));
    }
    return values;
  }

  TemporaryFolder folder_;
  RunConfig config_;
  std::shared_ptr<const data::PictureSet> pictures_;
};

TEST_F(Captions, AreTheStatesOfTheTextEncoder) {
  const auto conditions = this->conditions();
  models::Qwen3Prompts encoder(folder_ / "encoder", {models::Precision::bfloat16, 5, {}});
  const auto states = [&](const std::string& text) { return encoder.encode({&text, 1}).states[0]; };
  EXPECT_TRUE(at::equal(conditions->of_picture(*pictures_, 1), states("light")));
  EXPECT_TRUE(at::equal(conditions->null_condition()[0], states("")));
  EXPECT_FALSE(at::equal(states("light"), states("")));

  data::Batch batch;
  batch.pictures = {1, 0, 0};
  const at::Tensor seen = conditions->of_batch(*pictures_, batch, 40);
  EXPECT_EQ(seen.sizes(), (at::IntArrayRef{3, 5, 16}));
  EXPECT_TRUE(at::equal(seen[0], states("light")));
  EXPECT_TRUE(at::equal(conditions->of_batch(*pictures_, batch, 40), seen));
}

TEST_F(Captions, APictureTakesAnyOfItsCaptionsInTheLanguagesAskedFor) {
  const auto distinct = [&] {
    const auto conditions = this->conditions();
    std::vector<at::Tensor> seen;
    data::Batch batch;
    batch.pictures = {0};
    for (int64_t position = 0; position < 60; ++position) {
      const at::Tensor states = conditions->of_batch(*pictures_, batch, position);
      const auto same = [&](const at::Tensor& other) { return at::equal(other, states); };
      if (std::none_of(seen.begin(), seen.end(), same)) seen.push_back(states);
    }
    return seen.size();
  };
  EXPECT_EQ(distinct(), 3U);
  config_.text.languages = {"en"};
  EXPECT_EQ(distinct(), 2U);
  config_.text.languages = {"fr"};
  const std::string message = thrown<DataError>([&] { conditions(); });
  EXPECT_NE(message.find("no picture has a caption in fr"), std::string::npos) << message;
}

TEST_F(Captions, AreAskedForWhenPicturesAreDrawn) {
  const auto conditions = this->conditions();
  const auto network = models::make_network(config_.model);
  const sample::StatesOf states = conditions->states(*network);
  for (const int64_t picture : {1, 0}) {
    sample::PictureRequest request;
    conditions->ask_for(request, *pictures_, picture);
    ASSERT_TRUE(request.prompt.has_value());
    EXPECT_FALSE(request.label);
    EXPECT_TRUE(at::equal(states(*request.prompt)[0], conditions->of_picture(*pictures_, picture)));
    EXPECT_TRUE(at::equal(states(request.negative_prompt)[0], conditions->null_condition()[0]));
  }
}

TEST_F(Captions, WhatIsMissingIsNamed) {
  config_.text.encoder = "";
  EXPECT_NE(thrown<ConfigError>([&] { conditions(); }).find("text.encoder"), std::string::npos);
  config_.text.encoder = (folder_ / "encoder").string();
  write_shard(R"({"label": 0})", R"({"caption": null})");
  EXPECT_NE(thrown<DataError>([&] { conditions(); }).find("no picture has a caption"), std::string::npos);
}

TEST_F(Captions, ThatAreMissingAreTheNullCondition) {
  for (const char* none : {R"({"caption": null})", R"({"caption": ""})", R"({"label": 1})"}) {
    write_shard(R"({"caption": "dark"})", none);
    const auto conditions = this->conditions();
    EXPECT_TRUE(at::equal(conditions->of_picture(*pictures_, 1), conditions->null_condition()[0])) << none;
    EXPECT_FALSE(at::equal(conditions->of_picture(*pictures_, 0), conditions->null_condition()[0])) << none;
  }
}

TEST_F(Captions, ASmallNetworkLearnsFromThem) {
  config_.text.languages = {"en"};
  config_.train.steps = 120;
  config_.train.log_every = 10;
  config_.train.sample_every = 60;
  config_.train.sample_pictures = 2;
  NoProgress progress;
  run(config_, folder_ / "run", {}, progress);
  const std::vector<double> losses = logged("loss");
  ASSERT_EQ(losses.size(), 12U);
  EXPECT_LT(losses.back(), 0.6 * losses.front());
  EXPECT_TRUE(fs::exists(folder_ / "run/samples/step-00000120.png"));
  const sample::ModelFile model = sample::load_model(folder_ / "run/checkpoints/step-00000120.safetensors");
  EXPECT_EQ(model.description.model.type, models::ModelType::t2i);
  EXPECT_TRUE(model.description.classes.empty());
}

TEST_F(Captions, AResumedRunEndsInTheSameBytes) {
  config_.train.steps = 6;
  config_.train.checkpoint_every = 3;
  NoProgress progress;
  const auto bytes = [&](const fs::path& path) { return read_file(path, 1 << 26); };
  const std::string whole = bytes(run(config_, folder_ / "whole", {}, progress).checkpoint);
  RunOptions options;
  options.start = Start::resume_or_anew;
  int64_t asked = 0;
  options.stop = [&] { return ++asked == 3; };
  EXPECT_TRUE(run(config_, folder_ / "parts", options, progress).stopped);
  options.stop = [] { return false; };
  EXPECT_EQ(bytes(run(config_, folder_ / "parts", options, progress).checkpoint), whole);
}

// The same with a network that reads bytes.
class ByteCaptions : public Captions {
 protected:
  ByteCaptions() {
    config_.model = models::tiny_byte_config();
    config_.text = {};
    config_.text.alignment = 0.1;
  }
};

TEST_F(ByteCaptions, AreGivenToTheNetworkAsBytes) {
  const auto conditions = this->conditions();
  EXPECT_TRUE(at::equal(conditions->of_picture(*pictures_, 1), models::bytes_of_texts({"light"}, config_.model)[0]));
  EXPECT_TRUE(at::equal(conditions->null_condition(), models::bytes_of_texts({""}, config_.model)));
  const auto network = models::random_network(config_.model, 3);
  models::BytePrompts encoder(*network);
  const std::string light = "light";
  EXPECT_TRUE(at::equal(conditions->states(*network)(light), encoder.encode({&light, 1}).states));
}

TEST_F(ByteCaptions, OfOneThingAreAligned) {
  write_shard(R"({"class": "a", "caption": {"en": ["dark", "black"], "de": "dunkel"}})",
              R"({"class": "a", "caption": {"en": "light"}})");
  const auto conditions = this->conditions();
  data::Batch batch;
  batch.pictures = {0, 1, 0};
  const CaptionGroups together = conditions->captions_together(*pictures_, batch, 12);
  EXPECT_EQ(together.texts.sizes(), (at::IntArrayRef{3, kCaptionsTogether, 12}));
  EXPECT_TRUE(at::equal(together.texts[1][0], models::bytes_of_texts({"light"}, config_.model)[0]));
  EXPECT_EQ(together.groups[0].item<int64_t>(), together.groups[1].item<int64_t>());
  EXPECT_TRUE(at::equal(conditions->captions_together(*pictures_, batch, 12).texts, together.texts));
  config_.text.alignment = 0;
  EXPECT_FALSE(this->conditions()->captions_together(*pictures_, batch, 12).texts.defined());
}

// Every language as often as every other, whatever the number of its captions.
TEST_F(ByteCaptions, OfAllLanguagesAreAsLikely) {
  const auto conditions = this->conditions();
  const at::Tensor german = models::bytes_of_texts({"dunkel"}, config_.model);
  data::Batch batch;
  batch.pictures = {0};
  int64_t count = 0;
  for (int64_t position = 0; position < 400; ++position) {
    count += at::equal(conditions->of_batch(*pictures_, batch, position), german) ? 1 : 0;
  }
  EXPECT_NEAR(static_cast<double>(count), 200, 50);  // five standard deviations
}

TEST_F(ByteCaptions, ALanguageAndItsPicturesAreLearnt) {
  config_.train.steps = 160;
  config_.train.log_every = 10;
  config_.train.sample_every = 80;
  config_.train.sample_pictures = 2;
  NoProgress progress;
  run(config_, folder_ / "run", {}, progress);
  const std::vector<double> losses = logged("loss"), alignments = logged("alignment_loss");
  ASSERT_EQ(losses.size(), 16U);
  EXPECT_LT(losses.back(), 0.6 * losses.front());
  // At best the captions of one thing are equally near, those of a picture that is there twice too.
  const double best = std::log(2 * kCaptionsTogether - 1);
  EXPECT_GT(alignments.front(), 1.02 * best);
  EXPECT_LT(alignments.back(), 1.01 * best);
  const sample::ModelFile model = sample::load_model(folder_ / "run/checkpoints/step-00000160.safetensors");
  EXPECT_TRUE(model.description.model.reads_bytes());
}

// The text encoder alone: nothing else moves.
TEST_F(ByteCaptions, AreLearntAloneWithoutDrawing) {
  config_.text.alone = true;
  config_.train.steps = 40;
  config_.train.log_every = 10;
  NoProgress progress;
  run(config_, folder_ / "run", {}, progress);
  EXPECT_EQ(logged("loss").back(), 0);
  EXPECT_LT(logged("alignment_loss").back(), logged("alignment_loss").front());
  const sample::ModelFile after = sample::load_model(folder_ / "run/checkpoints/step-00000040.safetensors");
  for (const auto& [name, tensor] : after.network->parameters()) {
    if (name != "final_layer.linear.weight") continue;
    EXPECT_EQ(tensor.abs().max().item<float>(), 0);
  }
  config_.text.alignment = 0;
  EXPECT_THROW(config_.text.validate(), ConfigError);
}

TEST_F(ByteCaptions, AreLearntInMixedPrecisionToo) {
  config_.train.steps = 2;
  config_.train.precision = models::Precision::bfloat16;
  NoProgress progress;
  EXPECT_TRUE(std::isfinite(run(config_, folder_ / "run", {}, progress).loss));
}

TEST_F(ByteCaptions, TextEncodersThatDoNotGoTogetherAreRefused) {
  config_.text.encoder = (folder_ / "encoder").string();
  EXPECT_NE(thrown<ConfigError>([&] { conditions(); }).find("text.encoder is of no use"), std::string::npos);
  config_.model = models::tiny_text_config(models::ModelType::t2i);
  EXPECT_NE(thrown<ConfigError>([&] { conditions(); }).find("text.alignment"), std::string::npos);
}

}  // namespace
}  // namespace pixnerd::train
