#include "train/average_snapshot.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/full.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

#include "core/errors.h"
#include "tests/core/temporary_folder.h"
#include "tests/core/thrown.h"
#include "tests/sample/tiny_model.h"

namespace pixnerd::train {
namespace {

namespace fs = std::filesystem;

class SnapshotsOfARun : public testing::Test {
 protected:
  void write(int64_t step, double sigma_rel) {
    write_snapshot(folder_.path(), {step, sigma_rel}, network_->parameters(), sample::tiny_description());
  }

  TemporaryFolder folder_;
  std::shared_ptr<models::Network> network_ = models::random_network(models::tiny_config(), 3);
};

TEST_F(SnapshotsOfARun, AreFilesToSampleFrom) {
  write(120, 0.05);
  const fs::path path = folder_ / "averages" / "step-00000120-sigma0.050.safetensors";
  ASSERT_EQ(snapshot_path(folder_.path(), {120, 0.05}), path);
  const sample::ModelFile file = sample::load_model(path);
  EXPECT_EQ(file.step, 120);
  EXPECT_EQ(file.weights, "ema_denoiser");
  EXPECT_EQ(file.description.classes, sample::tiny_description().classes);
  EXPECT_EQ(checkpoint::load_safetensors(path).metadata.at(kSigmaRelKey), "0.05");
  const auto stored = file.network->parameters(), original = network_->parameters();
  for (size_t i = 0; i < stored.size(); ++i) {
    const double largest = original[i].second.abs().max().item<double>();
    EXPECT_LE((stored[i].second - original[i].second).abs().max().item<double>(), largest * std::ldexp(1.0, -11));
  }
}

TEST_F(SnapshotsOfARun, KeepWhatFloat16CannotHold) {
  network_->parameters()[0].second.fill_(1e6);
  write(8, 0.1);
  const sample::ModelFile file = sample::load_model(snapshot_path(folder_.path(), {8, 0.1}));
  EXPECT_EQ(file.network->parameters()[0].second.max().item<double>(), 1e6);
}

TEST_F(SnapshotsOfARun, AreListedInOrderAndRemovedAfterAStep) {
  for (const int64_t step : {20, 100, 3}) {
    for (const double sigma_rel : {0.1, 0.05}) write(step, sigma_rel);
  }
  for (const char* other : {"notes.txt", "step-00000005.safetensors", "step-5-sigma7.safetensors",
                            "step--5-sigma0.050.safetensors", "step-5-sigma.safetensors"}) {
    std::ofstream(folder_ / "averages" / other) << "x";
  }
  auto found = snapshots_in(folder_.path());
  ASSERT_EQ(found.size(), 6U);
  EXPECT_EQ(found[0].profile.step, 3);
  EXPECT_EQ(found[0].profile.sigma_rel, 0.05);
  EXPECT_EQ(found[5].profile.step, 100);
  EXPECT_EQ(found[5].profile.sigma_rel, 0.1);
  remove_snapshots_after(folder_.path(), 20);
  found = snapshots_in(folder_.path());
  ASSERT_EQ(found.size(), 4U);
  EXPECT_EQ(found.back().profile.step, 20);
  EXPECT_TRUE(fs::exists(folder_ / "averages" / "notes.txt"));
}

TEST_F(SnapshotsOfARun, SayWhereTheyCannotBeWritten) {
  std::ofstream(folder_ / "averages") << "a file";
  EXPECT_THROW(write(1, 0.05), DataError);
  EXPECT_TRUE(snapshots_in(folder_.path()).empty());
  remove_snapshots_after(folder_.path(), 0);
}

}  // namespace
}  // namespace pixnerd::train
