// Measuring the similarity of s, and writing a checkpoint with what follows from it.
#include "sample/similarity.h"

#include <gtest/gtest.h>

#include <functional>

#include "core/errors.h"
#include "sample/redescribe.h"
#include "tests/checkpoint/files.h"
#include "tests/core/thrown.h"
#include "tests/sample/drawn.h"

namespace pixnerd::sample {
namespace {

std::vector<PictureRequest> pictures_of(const std::vector<int64_t>& labels, PictureSize size = {8, 12}) {
  SampleConfig settings = tiny_description().sample;
  settings.size = size;
  settings.sampler.guidance = 2.0;
  return requests_for(labels, settings);
}

std::vector<PictureRequest> changed(std::vector<PictureRequest> pictures,
                                    const std::function<void(SampleConfig&)>& change) {
  SampleConfig settings = *pictures.front().settings;
  change(settings);
  const auto shared = std::make_shared<const SampleConfig>(settings);
  for (PictureRequest& picture : pictures) picture.settings = shared;
  return pictures;
}

diffusion::Similarity measured(const std::vector<PictureRequest>& pictures, int64_t batch = 0) {
  const auto network = models::random_network(models::tiny_config(), 1);
  Count progress;
  diffusion::Similarity similarity = measure_similarity(*network, pictures, {.batch = batch}, progress);
  EXPECT_EQ(progress.done, progress.total);
  return similarity;
}

std::string refusal(const std::vector<PictureRequest>& pictures) {
  const auto network = models::random_network(models::tiny_config(), 1);
  Count progress;
  return thrown<RequestError>([&] { measure_similarity(*network, pictures, {}, progress); });
}

void expect_near(const diffusion::Similarity& a, const diffusion::Similarity& b) {
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) {
    for (size_t j = 0; j <= i; ++j) EXPECT_NEAR(a[i][j], b[i][j], 1e-5) << i << ", " << j;
  }
}

TEST(MeasureSimilarity, IsOfEveryStepAndNotOfTheBatch) {
  const auto one = measured(pictures_of({0, 1, 2}), 1);
  ASSERT_EQ(one.size(), 4U);
  for (size_t i = 1; i < 4; ++i) {
    EXPECT_LT(one[i][0], 1.0);
    EXPECT_GT(one[i][0], -1.0);
  }
  expect_near(one, measured(pictures_of({0, 1, 2}), 2));
  expect_near(one, measured(pictures_of({0, 1, 2})));
}

TEST(MeasureSimilarity, CountsTokensOfAllPictures) {
  const auto small = measured(pictures_of({0})), large = measured(pictures_of({0}, {12, 16}));
  std::vector<PictureRequest> two = pictures_of({0});
  two.push_back(pictures_of({0}, {12, 16}).front());
  const auto both = measured(two);
  for (size_t i = 1; i < both.size(); ++i) {
    EXPECT_NEAR(both[i][0], (6 * small[i][0] + 12 * large[i][0]) / 18, 1e-5);  // 2 x 3 tokens and 3 x 4
  }
}

TEST(MeasureSimilarity, TakesNoNoticeOfReuse) {
  const auto reusing =
      changed(pictures_of({0, 1}), [](SampleConfig& settings) { settings.sampler.encode_steps = {0}; });
  expect_near(measured(reusing, 2), measured(pictures_of({0, 1}), 2));
}

TEST(MeasureSimilarity, RefusesTwoSizes) {
  const auto growing = changed(pictures_of({0}), [](SampleConfig& settings) { settings.decode_size = {16, 24}; });
  EXPECT_NE(refusal(growing).find("--decode-size"), std::string::npos);
}

TEST(MeasureSimilarity, RefusesMoreStepsThanCanBeCompared) {
  const auto long_ones = changed(
      pictures_of({0}), [](SampleConfig& settings) { settings.sampler.steps = diffusion::kMostComparedSteps + 1; });
  EXPECT_NE(refusal(long_ones).find("steps"), std::string::npos);
}

TEST(WriteWith, KeepsAllButTheDescription) {
  const TemporaryFolder folder;
  write_tiny_model(folder / "a.safetensors", tiny_description());
  ModelDescription other = tiny_description();
  other.sample.sampler.encode_steps = {0, 3};
  write_with(other, checkpoint::WeightsFile::open(folder / "a.safetensors"), folder / "b.safetensors");
  const auto a = checkpoint::load_safetensors(folder / "a.safetensors");
  const auto b = checkpoint::load_safetensors(folder / "b.safetensors");
  ASSERT_EQ(a.tensors.size(), b.tensors.size());
  for (const auto& [name, tensor] : a.tensors) EXPECT_TRUE(b.tensors.at(name).equal(tensor)) << name;
  EXPECT_EQ(b.metadata, describe(other, 120));
  // And back, in the place of itself.
  write_with(tiny_description(), checkpoint::WeightsFile::open(folder / "b.safetensors"), folder / "b.safetensors");
  EXPECT_EQ(checkpoint::read_whole(folder / "a.safetensors"), checkpoint::read_whole(folder / "b.safetensors"));
}

TEST(WriteWith, TakesFilesOfLightning) {
  const TemporaryFolder folder;
  const std::string source = "tests/golden/checkpoints/lightning.ckpt";
  const ModelFile file = load_model(source);
  write_with(file.description, checkpoint::WeightsFile::open(source), folder / "c.safetensors");
  const ModelFile again = load_model(folder / "c.safetensors");
  EXPECT_EQ(again.step, file.step);
  EXPECT_EQ(again.weights, file.weights);
  const auto before = file.network->parameters(), after = again.network->parameters();
  for (size_t i = 0; i < before.size(); ++i) EXPECT_TRUE(before[i].second.equal(after[i].second)) << before[i].first;
}

}  // namespace
}  // namespace pixnerd::sample
