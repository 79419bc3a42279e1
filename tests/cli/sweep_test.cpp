#include <nlohmann/json.hpp>

#include "checkpoint/tensors.h"
#include "image/codec.h"
#include "tests/cli/program.h"
#include "tests/models/dinov2_weights.h"
#include "tests/sample/tiny_model.h"
#include "train/average_snapshot.h"

namespace pixnerd::cli {
namespace {

namespace fs = std::filesystem;

class Sweep : public testing::Test {
 protected:
  Sweep() {
    const auto eyes = models::dinov2_weights();
    checkpoint::save_safetensors(folder_ / "dinov2.safetensors", {eyes.begin(), eyes.end()});
    fs::create_directory(folder_ / "reference");
    for (int i = 0; i < 6; ++i) {
      image::Image picture = image::blank(8, 12);
      for (size_t k = 0; k < picture.rgb.size(); ++k) picture.rgb[k] = static_cast<uint8_t>(k * (3 + i) % 97);
      image::write_png(folder_ / "reference" / (std::to_string(i) + ".png"), picture);
    }
    for (const int64_t step : {50, 100, 150, 200}) {
      const auto network = models::random_network(models::tiny_config(), static_cast<uint64_t>(step));
      for (const double sigma_rel : {0.05, 0.1}) {
        train::write_snapshot(folder_ / "run", {step, sigma_rel}, network->parameters(), sample::tiny_description());
      }
    }
  }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  Outcome sweep(const std::string& lengths, const std::string& guidances, std::vector<std::string> more = {}) const {
    more.insert(more.begin(),
                {"sweep", path("run"), "--lengths", lengths, "--guidance", guidances, "--reference", path("reference"),
                 "--dinov2", path("dinov2.safetensors"), "--metrics", "kid", "--count", "6", "--threads", "1"});
    return program_(more);
  }

  std::vector<nlohmann::json> cells() const {
    std::vector<nlohmann::json> cells;
    std::istringstream lines(checkpoint::read_whole(folder_ / "run/sweep.jsonl"));
    for (std::string line; std::getline(lines, line);) cells.push_back(nlohmann::json::parse(line));
    return cells;
  }

  TemporaryFolder folder_;
  Program program_;
};

TEST_F(Sweep, JudgesEveryLengthAtEveryGuidanceAndGoesOnWhereItWasStopped) {
  const Outcome whole = sweep("0.05,0.07", "1,2");
  ASSERT_EQ(whole.code, 0) << whole.err;
  EXPECT_TRUE(whole.says("kd of 6 pictures at step 200")) << whole.out;
  EXPECT_EQ(std::count(whole.out.begin(), whole.out.end(), '*'), 2) << whole.out;  // of the heading and the best
  const auto all = cells();
  ASSERT_EQ(all.size(), 4U);
  EXPECT_EQ(all[3].at("length"), 0.07);
  EXPECT_EQ(all[3].at("guidance"), 2.0);
  EXPECT_NE(all[2].at("kd"), all[3].at("kd"));

  // Two cells and a half are left of it.
  const std::string file = path("run/sweep.jsonl"), content = checkpoint::read_whole(file);
  const size_t second = content.find('\n', content.find('\n') + 1) + 1;
  checkpoint::write_whole(file, content.substr(0, second + 20));
  const Outcome again = sweep("0.05,0.07", "1,2");
  EXPECT_EQ(again.out, whole.out) << again.err;
  EXPECT_EQ(checkpoint::read_whole(file), content);
  EXPECT_EQ(sweep("0.05,0.07", "1,2").out, whole.out);
  EXPECT_EQ(checkpoint::read_whole(file), content);
}

TEST_F(Sweep, GivesWhatEvalGivesOfTheRebuiltAverage) {
  ASSERT_EQ(sweep("0.07", "2", {"--seed", "4"}).code, 0);
  ASSERT_EQ(program_({"ema", path("run"), "--length", "0.07", "--out", path("average.safetensors")}).code, 0);
  const Outcome eval = program_({"eval",
                                 "--checkpoint",
                                 path("average.safetensors"),
                                 "--guidance",
                                 "2",
                                 "--seed",
                                 "4",
                                 "--reference",
                                 path("reference"),
                                 "--dinov2",
                                 path("dinov2.safetensors"),
                                 "--metrics",
                                 "kid",
                                 "--count",
                                 "6",
                                 "--resamples",
                                 "0",
                                 "--json",
                                 "--threads",
                                 "1"});
  ASSERT_EQ(eval.code, 0) << eval.err;
  EXPECT_EQ(nlohmann::json::parse(eval.out).at("kd").at("value"), cells().at(0).at("kd"));
}

TEST_F(Sweep, FindsMistakesBeforeTheWork) {
  expect_error(sweep("0.05,0.28", "1"), 1, "lengths from 0.03");
  expect_error(sweep("0.05", "1", {"--metrics", "sfid"}), 1, "");
  expect_error(sweep("0.05", "-1"), 2, "--guidance");
  checkpoint::write_whole(path("run/sweep.jsonl"), "notes\n");
  expect_error(sweep("0.05", "1"), 1, "give --out another");
  EXPECT_EQ(checkpoint::read_whole(path("run/sweep.jsonl")), "notes\n");
}

}  // namespace
}  // namespace pixnerd::cli
