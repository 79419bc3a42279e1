// A network that moves as in training, its averages stored now and then, and those of other lengths rebuilt.
#include "train/rebuilt_average.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/Generator.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <numeric>

#include "core/errors.h"
#include "diffusion/noise.h"
#include "tests/core/temporary_folder.h"
#include "tests/core/thrown.h"
#include "tests/sample/tiny_model.h"
#include "train/power_average.h"

namespace pixnerd::train {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kSteps = 320, kEvery = 10;

std::vector<at::Tensor> tensors_of(const checkpoint::NamedTensors& named) {
  std::vector<at::Tensor> tensors;
  for (const auto& [name, tensor] : named) tensors.push_back(tensor);
  return tensors;
}

at::Tensor flat(const std::vector<at::Tensor>& tensors) {
  std::vector<at::Tensor> parts;
  for (const at::Tensor& each : tensors) parts.push_back(each.flatten());
  return at::cat(parts);
}

class RebuiltFromARun : public testing::Test {
 protected:
  // Weights drift towards an end while steps shake them, less and less.
  static void SetUpTestSuite() {
    run_ = new TemporaryFolder;
    const auto network = models::random_network(models::tiny_config(), 3);
    const checkpoint::NamedTensors named = network->parameters();
    const std::vector<at::Tensor> parameters = tensors_of(named);
    std::vector<at::Tensor> drift;
    at::Generator generator = diffusion::seeded_generator(5);
    for (const at::Tensor& each : parameters) drift.push_back(at::randn(each.sizes(), generator) * 0.02);
    PowerAverages stored(parameters, {0.05, 0.1}), exact(parameters, kLengths);
    for (int64_t step = 1; step <= kSteps; ++step) {
      const double share = static_cast<double>(step) / kSteps;
      for (size_t i = 0; i < parameters.size(); ++i) {
        parameters[i].add_(drift[i], (1 - share) / 16);
        parameters[i].add_(at::randn(parameters[i].sizes(), generator), 0.004 * (1.1 - share));
      }
      stored.update(parameters, step);
      exact.update(parameters, step);
      if (step % kEvery != 0) continue;
      for (size_t i = 0; i < stored.size(); ++i) {
        checkpoint::NamedTensors average;
        for (size_t p = 0; p < named.size(); ++p) average.emplace_back(named[p].first, stored.average(i)[p]);
        write_snapshot(run_->path(), {step, stored.sigma_rel(i)}, average, sample::tiny_description());
      }
    }
    for (size_t i = 0; i < kLengths.size(); ++i) exact_.push_back(flat(exact.average(i)).clone());
    last_ = flat(parameters).clone();
  }

  static void TearDownTestSuite() {
    delete run_;
    exact_.clear();
    last_ = at::Tensor();
  }

  // Of the weights from an average that was kept all along.
  static double distance(const at::Tensor& weights, size_t length) {
    return ((weights - exact_[length]).norm() / exact_[length].norm()).item<double>();
  }

  inline static const std::vector<double> kLengths{0.03, 0.04, 0.07, 0.15, 0.2, 0.25};
  inline static TemporaryFolder* run_ = nullptr;
  inline static std::vector<at::Tensor> exact_;
  inline static at::Tensor last_;
};

TEST_F(RebuiltFromARun, ComesNearTheAverageThatTrainingWouldHaveKept) {
  const StoredAverages stored(run_->path());
  EXPECT_EQ(stored.step(), kSteps);
  EXPECT_EQ(stored.snapshots().size(), 64U);
  for (size_t i = 0; i < kLengths.size(); ++i) {
    const RebuiltAverage average(stored, kLengths[i]);
    std::vector<at::Tensor> tensors;
    for (const auto& [name, tensor] : average.network().network->parameters()) tensors.push_back(tensor);
    EXPECT_LT(distance(flat(tensors), i), 3e-3) << kLengths[i];
    EXPECT_LT(distance(flat(tensors), i), distance(last_, i) / 3) << kLengths[i];
  }
}

TEST_F(RebuiltFromARun, IsAFileToSampleFrom) {
  const RebuiltAverage average(StoredAverages(run_->path(), 200), 0.12);
  const fs::path path = *run_ / "average.safetensors";
  size_t tensors = 0;
  average.write(path, [&](size_t done) { EXPECT_EQ(done, ++tensors); });
  EXPECT_EQ(tensors, average.parameters().size());
  const sample::ModelFile file = sample::load_model(path);
  EXPECT_EQ(file.step, 200);
  EXPECT_EQ(file.description.classes, sample::tiny_description().classes);
  EXPECT_EQ(checkpoint::load_safetensors(path).metadata.at(kSigmaRelKey), "0.12");
  const auto written = file.network->parameters(), computed = average.network().network->parameters();
  for (size_t i = 0; i < written.size(); ++i) EXPECT_TRUE(written[i].second.equal(computed[i].second));
}

TEST_F(RebuiltFromARun, OfALengthThatIsStoredIsTheSnapshot) {
  const RebuiltAverage average(StoredAverages(run_->path()), 0.1);
  EXPECT_EQ(average.snapshots(), 1U);
  const auto stored = sample::load_model(snapshot_path(run_->path(), {kSteps, 0.1})).network->parameters();
  for (const auto& [name, tensor] : stored) EXPECT_TRUE(average.tensor(name).allclose(tensor, 1e-6, 1e-9)) << name;
}

TEST_F(RebuiltFromARun, SaysWhatCanBeRebuilt) {
  const StoredAverages stored(run_->path());
  const auto reach = stored.reach();
  ASSERT_TRUE(reach);
  for (const double length : {0.002, 0.01, 0.285, 0.9}) {
    const std::string message = thrown<RequestError>([&] { stored.combination(length); });
    EXPECT_NE(message.find("lengths from 0.0"), std::string::npos) << message;
  }
  EXPECT_TRUE(stored.combination((*reach)[1]).is_near());
  const std::string between = thrown<RequestError>([&] { StoredAverages(run_->path(), 5000).combination(0.1); });
  EXPECT_NE(between.find("is of step 320"), std::string::npos) << between;
}

TEST_F(RebuiltFromARun, WantsSnapshotsOfOneNetworkThatAreWhatTheirNamesSay) {
  const TemporaryFolder folder;
  EXPECT_NE(thrown<DataError>([&] { StoredAverages{folder.path()}; }).find("train.average_every"), std::string::npos);
  fs::copy(run_->path() / "averages", folder / "averages");
  EXPECT_NE(thrown<DataError>([&] { StoredAverages(folder.path(), 3); }).find("step 10"), std::string::npos);
  const fs::path last = snapshot_path(folder.path(), {kSteps, 0.1});
  const auto refused = [&] {
    return thrown<CheckpointError>([&] { RebuiltAverage(StoredAverages(folder.path()), 0.15).network(); });
  };
  fs::rename(last, snapshot_path(folder.path(), {kSteps + 1, 0.1}));
  EXPECT_NE(refused().find("the step in its name"), std::string::npos);
  fs::rename(snapshot_path(folder.path(), {kSteps + 1, 0.1}), snapshot_path(folder.path(), {kSteps, 0.102}));
  EXPECT_NE(refused().find("the length in its name"), std::string::npos);
  fs::remove(snapshot_path(folder.path(), {kSteps, 0.102}));
  models::ModelConfig other = models::tiny_config();
  other.hidden_size *= 2;
  sample::ModelDescription description = sample::tiny_description();
  description.model = other;
  write_snapshot(folder.path(), {kSteps, 0.1}, models::random_network(other, 1)->parameters(), description);
  EXPECT_NE(refused().find("has shape"), std::string::npos);
  fs::resize_file(last, 1000);
  EXPECT_NE(refused().find("0.100"), std::string::npos);
}

}  // namespace
}  // namespace pixnerd::train
