#include <nlohmann/json.hpp>

#include "checkpoint/tensors.h"
#include "image/codec.h"
#include "tests/cli/program.h"
#include "tests/models/inception_weights.h"

namespace pixnerd::cli {
namespace {

// One set of weights for all tests: 95 MB of them.
class EvalTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    shared_ = new TemporaryFolder;
    const auto weights = models::inception_weights("cli:");
    checkpoint::save_safetensors(*shared_ / "inception.safetensors", {weights.begin(), weights.end()});
    write_pictures("a", 6, 40);
    write_pictures("b", 6, 90);
    write_pictures("one", 1, 0);
  }
  static void TearDownTestSuite() { delete shared_; }

  static void write_pictures(const std::string& name, int count, int base) {
    std::filesystem::create_directory(*shared_ / name);
    for (int i = 0; i < count; ++i) {
      image::Image picture = image::blank(16, 16);
      for (size_t k = 0; k < picture.rgb.size(); ++k) {
        picture.rgb[k] = static_cast<uint8_t>(static_cast<size_t>(base) + k * static_cast<size_t>(i + 3) % 97);
      }
      image::write_png(*shared_ / name / (std::to_string(i) + ".png"), picture);
    }
  }

  static std::string path(const std::string& name) { return (*shared_ / name).string(); }

  Outcome eval(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"eval", "--inception", path("inception.safetensors"), "--resamples", "0"});
    return program_(arguments);
  }

  static inline TemporaryFolder* shared_ = nullptr;
  Program program_;
};

TEST_F(EvalTest, PrintsAllMetricsAndReusesStatistics) {
  const Outcome first = eval({"--images", path("a"), "--reference", path("b"), "--is-splits", "2", "--json",
                              "--save-statistics", path("b.safetensors")});
  ASSERT_EQ(first.code, 0) << first.err;
  const auto json = nlohmann::json::parse(first.out);
  EXPECT_EQ(json.at("pictures"), 6);
  EXPECT_GT(json.at("fid").at("value").get<double>(), 0);
  EXPECT_GT(json.at("sfid").at("value").get<double>(), 0);
  EXPECT_GE(json.at("is").at("value").get<double>(), 1);
  EXPECT_LE(json.at("recall").at("value").get<double>(), 1);
  EXPECT_TRUE(json.at("kid").contains("deviation"));
  EXPECT_FALSE(json.at("warnings").empty());
  EXPECT_TRUE(first.complains("warning: fewer pictures (6) than features (2048)")) << first.err;
  EXPECT_TRUE(first.complains("pictures: 6 pictures in")) << first.err;

  const Outcome second =
      eval({"--images", path("a"), "--reference", path("b.safetensors"), "--is-splits", "2", "--json"});
  EXPECT_EQ(second.out, first.out) << second.err;
}

TEST_F(EvalTest, PrintsATable) {
  const Outcome outcome = eval({"--images", path("a"), "--metrics", "is", "--is-split-size", "3"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_TRUE(outcome.says("metric            value")) << outcome.out;
  EXPECT_TRUE(outcome.says("\nis  ")) << outcome.out;
  EXPECT_TRUE(outcome.says("of 6 pictures\n")) << outcome.out;
}

TEST_F(EvalTest, RefusesWhatMakesNoSense) {
  expect_error(eval({"--images", path("a"), "--metrics", "fid"}), 2, "--reference is needed");
  expect_error(eval({"--images", path("a"), "--metrics", "fod"}), 2, "fod");
  expect_error(eval({"--images", path("a"), "--metrics", "is", "--is-splits", "2", "--is-split-size", "5"}), 2,
               "--is-split");
  expect_error(eval({"--images", path("missing"), "--metrics", "is"}), 1, "there is no file or folder");
  expect_error(program_({"eval", "--images", path("a"), "--metrics", "is", "--inception", path("a/0.png")}), 1,
               "0.png");
}

TEST_F(EvalTest, OnePictureIsTooFew) {
  const Outcome outcome = eval({"--images", path("one"), "--reference", path("b"), "--metrics", "fid"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_TRUE(outcome.complains("needs at least two pictures, there is 1")) << outcome.err;
  EXPECT_EQ(outcome.out, "");
}

}  // namespace
}  // namespace pixnerd::cli
