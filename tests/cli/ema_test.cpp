#include "image/codec.h"
#include "tests/cli/program.h"
#include "tests/sample/tiny_model.h"
#include "train/average_snapshot.h"

namespace pixnerd::cli {
namespace {

namespace fs = std::filesystem;

class Ema : public testing::Test {
 protected:
  Ema() {
    const auto network = models::random_network(models::tiny_config(), 3);
    for (const int64_t step : {50, 100, 150, 200}) {
      for (const double sigma_rel : {0.05, 0.1}) {
        train::write_snapshot(folder_ / "run", {step, sigma_rel}, network->parameters(), sample::tiny_description());
      }
    }
  }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  Outcome ema(std::vector<std::string> more) const {
    more.insert(more.begin(), {"ema", path("run")});
    return program_(more);
  }

  TemporaryFolder folder_;
  Program program_;
};

TEST_F(Ema, TellsWhatCanBeRebuilt) {
  const Outcome outcome = ema({});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_TRUE(outcome.says("8 snapshots of steps 50 to 200\n")) << outcome.out;
  EXPECT_TRUE(outcome.says("lengths that can be rebuilt at step 200: 0.03")) << outcome.out;
  EXPECT_TRUE(ema({"--step", "120"}).says("at step 120: none")) << outcome.out;
}

TEST_F(Ema, WritesAFileToDrawFrom) {
  const std::string file = path("average.safetensors");
  const Outcome outcome = ema({"--length", "0.07", "--out", file});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_TRUE(outcome.says("average of length 0.07 at step 200, of ")) << outcome.out;
  const Outcome drawn = program_({"sample", "--checkpoint", file, "--class", "pear", "--out", path("pear.png")});
  EXPECT_EQ(drawn.code, 0) << drawn.err;
  EXPECT_EQ(image::read_image(path("pear.png")).width, 8);
  expect_error(ema({"--length", "0.07", "--out", file}), 1, "--overwrite");
  EXPECT_EQ(ema({"--length", "0.1", "--step", "150", "--out", file, "--overwrite"}).code, 0);
}

TEST_F(Ema, NeverReplacesASnapshot) {
  const std::string snapshot = train::snapshot_path(folder_ / "run", {200, 0.05}).string();
  const std::string before = checkpoint::read_whole(snapshot);
  expect_error(ema({"--length", "0.07", "--out", snapshot, "--overwrite"}), 1, "");
  EXPECT_TRUE(before == checkpoint::read_whole(snapshot));
}

TEST_F(Ema, SaysWhatIsWrong) {
  const std::string out = path("average.safetensors");
  expect_error(ema({"--length", "0.28", "--out", out}), 1, "lengths from 0.03");
  expect_error(ema({"--length", "0.07", "--step", "120", "--out", out}), 1, "is of step 100");
  expect_error(ema({"--length", "0.07", "--step", "20", "--out", out}), 1, "the first is of step 50");
  expect_error(ema({"--length", "0.07", "--out", path("average.pt")}), 2, ".safetensors");
  expect_error(ema({"--length", "0.07"}), 2, "--out");
  expect_error(ema({"--length", "0", "--out", out}), 2, "--length");
  fs::remove_all(folder_ / "run/averages");
  expect_error(ema({"--length", "0.07", "--out", out}), 1, "train.average_every");
  EXPECT_FALSE(fs::exists(out));
}

}  // namespace
}  // namespace pixnerd::cli
