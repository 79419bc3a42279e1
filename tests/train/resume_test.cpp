#include "train/resume.h"

#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <limits>

#include "core/errors.h"
#include "core/text.h"
#include "tests/core/temporary_folder.h"
#include "tests/core/thrown.h"

namespace pixnerd::train {
namespace {

TEST(CheckResumable, StepsAndIntervalsMayChangeAndNothingElse) {
  const RunConfig before;
  RunConfig now;
  now.train.steps = 5;
  now.train.schedule_steps = 6;
  now.data.path = "elsewhere";
  now.train.checkpoint_every = 7;
  now.train.log_every = 9;
  now.train.keep_checkpoints = 2;
  EXPECT_NO_THROW(check_resumable(before, now));
  now.train.learning_rate = 0.5;
  now.data.include = {"x*"};
  now.model.prediction = models::Prediction::image;
  try {
    check_resumable(before, now);
    FAIL() << "accepted";
  } catch (const ConfigError& error) {
    const std::string message = error.what();
    EXPECT_NE(message.find("train.learning_rate is 0.0001 in the run and 0.5 now"), std::string::npos) << message;
    EXPECT_NE(message.find("data.include is [] in the run and [\"x*\"] now"), std::string::npos) << message;
    EXPECT_NE(message.find("model.prediction is velocity in the run and image now"), std::string::npos) << message;
    EXPECT_EQ(message.find("train.steps is"), std::string::npos) << message;
  }
}

TEST(CheckResumable, ATextEncoderMayHaveAnotherSpelling) {
  const TemporaryFolder folder;
  RunConfig before, now;
  before.model.type = now.model.type = models::ModelType::t2i;
  before.text.encoder = folder.path().string();
  now.text.encoder = (folder / "none/..").string();
  std::filesystem::create_directory(folder / "none");
  EXPECT_NO_THROW(check_resumable(before, now));
  now.text.encoder = (folder / "none").string();
  EXPECT_THROW(check_resumable(before, now), ConfigError);
}

TEST(CheckResumable, ANetworkOfAnotherTypeSaysThatAlone) {
  RunConfig classes, texts;
  classes.model.num_classes = 7;
  texts.model.type = models::ModelType::t2i;
  const std::string one_way = thrown<ConfigError>([&] { check_resumable(classes, texts); });
  EXPECT_NE(one_way.find("settings: model.type is c2i in the run and t2i now. Only"), std::string::npos) << one_way;
  const std::string other_way = thrown<ConfigError>([&] { check_resumable(texts, classes); });
  EXPECT_NE(other_way.find("settings: model.type is t2i in the run and c2i now. Only"), std::string::npos) << other_way;
}

TEST(CheckResumable, EveryChangeableKeyIsOneOfTheConfiguration) {
  RunConfig of_text;
  of_text.model.type = models::ModelType::t2i;
  const std::string keys = config::describe<RunConfig>() + config::describe(of_text);
  for (const std::string_view key : changeable_on_resume()) {
    EXPECT_NE(keys.find(std::string(key) + " "), std::string::npos) << key;
  }
}

TEST(CheckResumable, EverythingOfAnEvaluationMayChange) {
  const RunConfig before;
  RunConfig now;
  now.eval = {1, 50, {eval::Metric::kid}, "r", {"a*"}, 8, {eval::FeatureNetwork::dinov2, "w"}, 3, 9};
  now.eval.extractor.resize = models::InceptionResize::pytorch;
  now.eval.extractor.precision = models::Precision::bfloat16;
  EXPECT_NO_THROW(check_resumable(before, now));
}

TEST(IsFinite, SeesEveryNumber) {
  EXPECT_TRUE(is_finite(at::zeros({0})));
  EXPECT_TRUE(is_finite(at::zeros({3}, at::kLong)));
  for (const float odd : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
                          -std::numeric_limits<float>::infinity()}) {
    at::Tensor tensor = at::zeros({3, 5});
    EXPECT_TRUE(is_finite(tensor));
    tensor[2][4] = odd;
    EXPECT_FALSE(is_finite(tensor));
  }
}

}  // namespace
}  // namespace pixnerd::train
