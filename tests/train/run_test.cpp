#include "train/run.h"

#include <gtest/gtest.h>

#include "core/errors.h"
#include "core/file.h"
#include "image/codec.h"
#include "sample/model_file.h"
#include "tests/core/temporary_folder.h"
#include "tests/models/tiny.h"

namespace pixnerd::train {
namespace {

namespace fs = std::filesystem;

class Silent : public Progress {
 public:
  void update(int64_t done, int64_t total, std::string_view) override {
    done_ = done;
    total_ = total;
  }
  int64_t done_ = 0, total_ = 0;
};

// A folder with two classes of flat 8 x 8 pictures, removed in the end.
class Run : public testing::Test {
 protected:
  Run() {
    for (const auto& [name, grey] : {std::pair{"dark", 40}, {"light", 220}}) {
      fs::create_directories(folder_ / "data" / name);
      const image::Image picture{8, 8, std::vector<uint8_t>(8 * 8 * 3, static_cast<uint8_t>(grey))};
      for (const char* file : {"a.png", "b.png"}) image::write_png(folder_ / "data" / name / file, picture);
    }
    config_.model = models::tiny_config();
    config_.model.num_classes = 0;
    config_.data.path = (folder_ / "data").string();
    config_.data.image_size = 8;
    config_.sample.size = {8, 8};
    config_.train.steps = 3;
    config_.train.batch_size = 2;
    config_.train.checkpoint_every = 2;
    config_.train.precision = models::Precision::float32;
  }

  TemporaryFolder folder_;
  RunConfig config_;
  Silent progress_;
};

TEST_F(Run, WritesItsConfigurationAndCheckpointsThatCanBeSampledFrom) {
  const RunSummary summary = run(config_, folder_ / "run", progress_);
  EXPECT_EQ(progress_.done_, 3);
  EXPECT_EQ(progress_.total_, 3);
  EXPECT_TRUE(fs::exists(folder_ / "run/checkpoints/step-00000002.safetensors"));
  EXPECT_EQ(summary.checkpoint, folder_ / "run/checkpoints/step-00000003.safetensors");

  const sample::ModelFile model = sample::load_model(summary.checkpoint);
  EXPECT_EQ(model.description.classes, (std::vector<std::string>{"dark", "light"}));
  EXPECT_EQ(model.step, 3);
  EXPECT_EQ(model.weights, "ema_denoiser");

  RunConfig written;
  config::read(config::load(folder_ / "run/config.yaml"), written);
  EXPECT_EQ(written.model.num_classes, 2);
}

TEST_F(Run, EqualSeedsGiveEqualFilesAndOthersDoNot) {
  const auto bytes = [&](const char* name) {
    return read_file(run(config_, folder_ / name, progress_).checkpoint, 1 << 24);
  };
  const std::string first = bytes("first");
  EXPECT_EQ(first, bytes("second"));
  config_.train.seed = 1;
  EXPECT_NE(first, bytes("third"));
}

TEST_F(Run, RefusesAFolderThatIsNotEmpty) {
  fs::create_directories(folder_ / "run/precious");
  EXPECT_THROW(run(config_, folder_ / "run", progress_), DataError);
  EXPECT_TRUE(fs::exists(folder_ / "run/precious"));
}

TEST_F(Run, RefusesAClassCountThatIsNotTheDatas) {
  config_.model.num_classes = 7;
  try {
    run(config_, folder_ / "run", progress_);
    FAIL() << "accepted 7 classes for 2 folders";
  } catch (const ConfigError& error) {
    EXPECT_NE(std::string(error.what()).find("num_classes to 2"), std::string::npos) << error.what();
  }
  EXPECT_FALSE(fs::exists(folder_ / "run"));
}

TEST_F(Run, SkipsBrokenPicturesAndCountsThem) {
  write_file_atomically(folder_ / "data/dark/a.png", [](std::ostream& file) { file << "no picture"; });
  EXPECT_EQ(run(config_, folder_ / "run", progress_).broken_pictures, 1);
}

}  // namespace
}  // namespace pixnerd::train
