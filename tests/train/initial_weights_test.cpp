#include "train/initial_weights.h"

#include "core/errors.h"
#include "core/text.h"
#include "tests/checkpoint/files.h"
#include "tests/sample/tiny_model.h"

namespace pixnerd::train {
namespace {

using checkpoint::expect_contains;

class InitialWeights : public testing::Test {
 protected:
  InitialWeights() { description_.model.num_styles = 0; }

  // A file of weights of classes with these names.
  void write(const std::vector<std::string>& classes) {
    sample::ModelDescription stored = description_;
    stored.classes = classes;
    stored.model.num_classes = static_cast<int64_t>(classes.size());
    stored_ = models::random_network(stored.model, 5);
    checkpoint::save_safetensors(path_, stored_->parameters(), describe(stored, 7));
  }

  std::string take(const std::vector<std::string>& classes) {
    description_.classes = classes;
    description_.model.num_classes = static_cast<int64_t>(classes.size());
    network_ = models::random_network(description_.model, 6);
    fresh_ = table(*network_).clone();
    return take_weights(*network_, description_, path_);
  }

  static at::Tensor table(const models::Network& network) {
    for (const auto& [name, tensor] : network.parameters()) {
      if (name == "y_embedder.embedding_table.weight") return tensor;
    }
    return {};
  }

  // Row i of the network's table is row `from` of the file's, or as it was.
  void expect_row(int64_t i, std::optional<int64_t> from) {
    EXPECT_TRUE(table(*network_)[i].equal(from ? table(*stored_)[*from] : fresh_[i])) << i;
  }

  TemporaryFolder folder_;
  std::filesystem::path path_ = folder_ / "x.safetensors";
  sample::ModelDescription description_ = sample::tiny_description();
  std::shared_ptr<models::Network> stored_, network_;
  at::Tensor fresh_;
};

TEST_F(InitialWeights, TheSameClassesAreTakenWithoutAWord) {
  write({"apple", "pear", "hot dog"});
  EXPECT_EQ(take({"apple", "pear", "hot dog"}), "");
  for (size_t i = 0; i < network_->parameters().size(); ++i) {
    EXPECT_TRUE(network_->parameters()[i].second.equal(stored_->parameters()[i].second));
  }
}

TEST_F(InitialWeights, ClassesTakeTheRowsOfTheirNamesakes) {
  write({"apple", "pear", "hot dog"});
  const std::string said = take({"fox", "hot dog", "apple", "tench"});
  EXPECT_EQ(said, "2 of 4 classes take the rows of their namesakes in the file; made anew: fox (0), tench (3)");
  expect_row(0, {});
  expect_row(1, 2);
  expect_row(2, 0);
  expect_row(3, {});
  expect_row(4, 3);  // no class
}

TEST_F(InitialWeights, AnotherOrderIsNoMatter) {
  write({"apple", "pear", "hot dog"});
  EXPECT_EQ(take({"hot dog", "pear", "apple"}), "3 of 3 classes take the rows of their namesakes in the file");
  expect_row(0, 2);
  expect_row(2, 0);
}

TEST_F(InitialWeights, ImagenetsClassesHaveSeveralNames) {
  write({"golden retriever", "tench"});
  take({"n01440764", "n02099601"});
  expect_row(0, 1);
  expect_row(1, 0);
}

TEST_F(InitialWeights, WithoutNamesTheNumberDecides) {
  write({"apple", "pear", "hot dog"});
  description_.classes.clear();
  network_ = models::random_network(description_.model, 6);
  EXPECT_EQ(take_weights(*network_, description_, path_), "");
  description_.model.num_classes = 4;
  network_ = models::random_network(description_.model, 6);
  expect_contains(take_weights(*network_, description_, path_), "the 4 classes are made anew: the file has 3 classes");
}

TEST_F(InitialWeights, AnotherKindOfPredictionIsRefusedUnlessAsked) {
  write({"apple"});
  description_.classes = {"apple"};
  description_.model.num_classes = 1;
  description_.model.prediction = models::Prediction::image;
  network_ = models::random_network(description_.model, 6);
  const std::string message = thrown<CheckpointError>([&] { take_weights(*network_, description_, path_); });
  expect_contains(message, "its network predicts the velocity, this one the image");
  expect_contains(message, "--init-other-prediction");
  EXPECT_EQ(take_weights(*network_, description_, path_, true), "");
}

TEST_F(InitialWeights, NoiseOfAnotherScaleIsRefusedUnlessAsked) {
  write({"apple"});
  description_.classes = {"apple"};
  description_.model.num_classes = 1;
  description_.model.noise_scale = 2;
  network_ = models::random_network(description_.model, 6);
  const std::string message = thrown<CheckpointError>([&] { take_weights(*network_, description_, path_); });
  expect_contains(message, "was trained with noise of scale 1, this one has 2; set model.noise_scale=1");
  EXPECT_EQ(take_weights(*network_, description_, path_, true), "");
}

TEST_F(InitialWeights, OtherSizesAreNamedByTheirKeys) {
  write({"apple"});
  description_.model.field_width = 12;
  description_.model.num_blocks += 1;
  const std::string message = thrown<CheckpointError>([&] { take({"apple"}); });
  expect_contains(message, concat("model.field_width ", stored_->config().field_width, ", the config needs 12; "));
  expect_contains(message, concat("model.num_blocks ", stored_->config().num_blocks, ", the config needs "));
}

TEST_F(InitialWeights, FilesThatSayNothingPredictTheVelocity) {
  write({"apple"});
  checkpoint::save_safetensors(path_, stored_->parameters());
  description_.classes = {"apple"};
  description_.model.num_classes = 1;
  network_ = models::random_network(description_.model, 6);
  EXPECT_EQ(take_weights(*network_, description_, path_), "");
  description_.model.prediction = models::Prediction::image;
  network_ = models::random_network(description_.model, 6);
  EXPECT_THROW(take_weights(*network_, description_, path_), CheckpointError);
}

}  // namespace
}  // namespace pixnerd::train
