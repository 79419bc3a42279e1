#include <nlohmann/json.hpp>

#include "checkpoint/tensors.h"
#include "image/codec.h"
#include "tests/cli/program.h"
#include "tests/data/npz_file.h"
#include "tests/models/dinov2_weights.h"
#include "tests/models/inception_weights.h"
#include "tests/sample/tiny_model.h"

namespace pixnerd::cli {
namespace {

// One set of weights for all tests. Most look through a small DINOv2, as Inception's distances take seconds.
class EvalTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    shared_ = new TemporaryFolder;
    const auto small = models::dinov2_weights();
    checkpoint::save_safetensors(*shared_ / "dinov2.safetensors", {small.begin(), small.end()});
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
    arguments.insert(arguments.begin(), {"eval", "--dinov2", path("dinov2.safetensors"), "--resamples", "0"});
    return program_(arguments);
  }

  static inline TemporaryFolder* shared_ = nullptr;
  Program program_;
};

TEST_F(EvalTest, PrintsAllMetricsAndReusesStatistics) {
  const Outcome first =
      eval({"--images", path("a"), "--reference", path("b"), "--json", "--save-statistics", path("b.safetensors")});
  ASSERT_EQ(first.code, 0) << first.err;
  const auto json = nlohmann::json::parse(first.out);
  EXPECT_EQ(json.at("pictures"), 6);
  EXPECT_GT(json.at("fd").at("value").get<double>(), 0);
  EXPECT_TRUE(json.at("network").get<std::string>().starts_with("dinov2-2x64-")) << json.at("network");
  EXPECT_FALSE(json.contains("is"));
  EXPECT_FALSE(json.contains("fid") || json.contains("published_weights"));
  EXPECT_LE(json.at("recall").at("value").get<double>(), 1);
  EXPECT_TRUE(json.at("kd").contains("deviation"));
  EXPECT_FALSE(json.at("warnings").empty());
  EXPECT_TRUE(first.complains("warning: fewer pictures (6) than features (64)")) << first.err;
  EXPECT_TRUE(first.complains("pictures: 6 pictures in")) << first.err;

  const Outcome second = eval({"--images", path("a"), "--reference", path("b.safetensors"), "--json"});
  EXPECT_EQ(second.out, first.out) << second.err;
}

TEST_F(EvalTest, LooksThroughInception) {
  const auto weights = models::inception_weights("cli:");
  checkpoint::save_safetensors(*shared_ / "inception.safetensors", {weights.begin(), weights.end()});
  const Outcome outcome =
      program_({"eval", "--inception", path("inception.safetensors"), "--images", path("a"), "--reference", path("b"),
                "--metrics", "kid,is", "--is-splits", "2", "--resamples", "0", "--json", "--resize", "pytorch"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto json = nlohmann::json::parse(outcome.out);
  EXPECT_GE(json.at("is").at("value").get<double>(), 1);
  EXPECT_FALSE(json.contains("fid"));
  EXPECT_TRUE(json.at("network").get<std::string>().ends_with(", pytorch"));
  EXPECT_TRUE(json.contains("kid"));
  EXPECT_EQ(json.at("published_weights"), false);
  EXPECT_NE(json.at("warnings").dump().find("are not the published ones"), std::string::npos) << json;

  ASSERT_EQ(eval({"--images", path("a"), "--reference", path("b"), "--metrics", "fid", "--save-statistics",
                  path("small.safetensors")})
                .code,
            0);
  const Outcome other = program_({"eval", "--inception", path("inception.safetensors"), "--images", path("a"),
                                  "--reference", path("small.safetensors"), "--metrics", "kid"});
  EXPECT_EQ(other.code, 1);
  EXPECT_TRUE(other.complains("were made with another network or resize (dinov2-")) << other.err;
}

TEST_F(EvalTest, WeightsUnderThePublishedNameAreWhatItSays) {
  const auto weights = models::inception_weights("cli:");
  const std::string name = "pt_inception-2015-12-05-6726825d.pth";
  checkpoint::save_safetensors(*shared_ / name, {weights.begin(), weights.end()});
  const Outcome outcome =
      program_({"eval", "--inception", path(name), "--images", path("a"), "--metrics", "is", "--is-splits", "2"});
  expect_error(outcome, 1, "its SHA-256 begins with ");
  EXPECT_TRUE(outcome.complains("its name says 6726825d")) << outcome.err;
}

TEST_F(EvalTest, StatisticsOfAReferenceNeedNoPicturesToJudge) {
  const Outcome saved = eval({"--reference", path("b"), "--save-statistics", path("alone.safetensors"), "--json"});
  ASSERT_EQ(saved.code, 0) << saved.err;
  const auto json = nlohmann::json::parse(saved.out);
  EXPECT_EQ(json.at("pictures"), 6);
  EXPECT_EQ(json.at("metrics").dump(), R"(["fd","precision","recall","kd"])");
  EXPECT_EQ(json.at("statistics"), path("alone.safetensors"));
  EXPECT_EQ(eval({"--images", path("a"), "--reference", path("alone.safetensors"), "--json"}).out,
            eval({"--images", path("a"), "--reference", path("b"), "--json"}).out);
  const Outcome table = eval(
      {"--reference", path("b"), "--save-statistics", path("alone.safetensors"), "--metrics", "fd", "--overwrite"});
  EXPECT_EQ(table.code, 0) << table.err;
  EXPECT_TRUE(table.says("statistics of 6 pictures for fd, seen by dinov2-")) << table.out;
  expect_error(eval({"--save-statistics", path("none.safetensors")}), 2, "--reference");
  const Outcome one = eval({"--reference", path("one"), "--save-statistics", path("none.safetensors")});
  EXPECT_EQ(one.code, 1);
  EXPECT_TRUE(one.complains("is of one picture")) << one.err;
}

TEST_F(EvalTest, PrintsATable) {
  const Outcome outcome = eval({"--images", path("a"), "--reference", path("b"), "--metrics", "precision,fid"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_TRUE(outcome.says("metric            value")) << outcome.out;
  EXPECT_TRUE(outcome.says("\nfd  ")) << outcome.out;
  EXPECT_TRUE(outcome.says("of 6 pictures, seen by dinov2-2x64-")) << outcome.out;
}

TEST_F(EvalTest, RefusesWhatMakesNoSense) {
  expect_error(eval({"--images", path("a"), "--metrics", "fid"}), 2, "needs --reference");
  expect_error(eval({"--images", path("a"), "--metrics", "fod"}), 2, "fod");
  expect_error(eval({"--images", path("a"), "--metrics", "fid", "--is-splits", "2", "--is-split-size", "5"}), 2,
               "--is-split");
  for (const char* metric : {"sfid", "is"}) {
    expect_error(eval({"--images", path("a"), "--reference", path("b"), "--metrics", metric}), 2,
                 "needs another network: --inception");
  }
  expect_error(eval({"--images", path("missing"), "--reference", path("b")}), 1, "there is no file or folder");
  expect_error(program_({"eval", "--images", path("a"), "--metrics", "is", "--inception", path("a/0.png")}), 1,
               "0.png");
}

TEST_F(EvalTest, WantsExactlyOneNetwork) {
  const std::vector<std::string> rest = {"--images", path("a"), "--reference", path("b")};
  std::vector<std::string> none = rest;
  none.insert(none.begin(), "eval");
  expect_error(program_(none), 2, "one network is needed");
  std::vector<std::string> two = rest;
  two.insert(two.end(), {"--efficientnet-lite", path("dinov2.safetensors")});
  expect_error(eval(two), 2, "one network is needed");
  std::vector<std::string> wrong = rest;
  wrong.insert(wrong.begin(), {"eval", "--efficientnet-lite", path("dinov2.safetensors")});
  expect_error(program_(wrong), 1, "dinov2.safetensors");
}

TEST_F(EvalTest, RefusesStatisticsOfAnotherDimension) {
  const std::string mean(3 * 8, '\0'), covariance(9 * 8, '\0');
  data::write_zip(*shared_ / "three.npz",
                  {{"mu.npy", data::npy("<f8", "(3,)", mean)}, {"sigma.npy", data::npy("<f8", "(3, 3)", covariance)}});
  const Outcome outcome = eval({"--images", path("a"), "--reference", path("three.npz"), "--metrics", "fid"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_TRUE(outcome.complains("features of 64 numbers")) << outcome.err;
  EXPECT_EQ(outcome.out, "");
}

TEST_F(EvalTest, WhatCannotBeHadIsRefusedBeforeTheWork) {
  const auto refused = [&](const char* images, const char* reference, const char* metric, const char* why) {
    const Outcome outcome = eval({"--images", path(images), "--reference", path(reference), "--metrics", metric});
    expect_error(outcome, 1, why);
  };
  refused("one", "b", "fid", "fd needs at least 2 pictures to judge, there is 1");
  refused("one", "b", "kid", "4 pictures to judge, there is 1");
  const Outcome rest = eval({"--images", path("one"), "--reference", path("b")});
  EXPECT_EQ(rest.code, 0) << rest.err;
  EXPECT_TRUE(rest.complains("kd is left out: ") && rest.says("precision") && !rest.says("recall")) << rest.out;
  const Outcome outcome = eval({"--images", path("a"), "--reference", path("one"), "--metrics", "fid"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_TRUE(outcome.complains("one' is of one picture")) << outcome.err;
}

std::string bytes_of(const std::vector<double>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(double)};
}

TEST_F(EvalTest, OfStatisticsAloneTheRestIsLeftOutUnlessItIsNamed) {
  std::vector<double> covariance(64 * 64, 0);
  for (size_t i = 0; i < 64; ++i) covariance[65 * i] = 1;
  data::write_zip(*shared_ / "stats.npz", {{"mu.npy", data::npy("<f8", "(64,)", bytes_of(std::vector<double>(64, 0)))},
                                           {"sigma.npy", data::npy("<f8", "(64, 64)", bytes_of(covariance))}});
  const Outcome all = eval({"--images", path("a"), "--reference", path("stats.npz"), "--json"});
  ASSERT_EQ(all.code, 0) << all.err;
  const auto json = nlohmann::json::parse(all.out);
  EXPECT_GT(json.at("fd").at("value").get<double>(), 0);
  EXPECT_FALSE(json.contains("kd"));
  EXPECT_NE(json.at("warnings").dump().find("kd is left out: "), std::string::npos) << json;
  expect_error(eval({"--images", path("a"), "--reference", path("stats.npz"), "--metrics", "fid,kid"}), 1,
               "holds statistics alone");
}

TEST_F(EvalTest, StatisticsReplaceNothingByAccident) {
  const auto save = [&](const std::string& file, std::vector<std::string> more = {}) {
    more.insert(more.end(), {"--images", path("a"), "--reference", path("b"), "--metrics", "fid", "--save-statistics"});
    more.push_back(path(file));
    return eval(more);
  };
  expect_error(save("stats.npz"), 2, ".safetensors");
  write_pictures("c", 6, 20);
  const std::string before = checkpoint::read_whole(*shared_ / "dinov2.safetensors");
  expect_error(save("dinov2.safetensors"), 1, "would replace what is read");
  expect_error(save("dinov2.safetensors", {"--overwrite"}), 1, "would replace what is read");
  EXPECT_EQ(checkpoint::read_whole(*shared_ / "dinov2.safetensors"), before);
  EXPECT_EQ(save("new/mine.safetensors").code, 0);
  const std::string mine = checkpoint::read_whole(*shared_ / "new/mine.safetensors");
  expect_error(save("new/mine.safetensors"), 1, "--overwrite");
  EXPECT_EQ(save("new/mine.safetensors", {"--overwrite"}).code, 0);
  EXPECT_EQ(checkpoint::read_whole(*shared_ / "new/mine.safetensors"), mine);
  expect_error(eval({"--images", path("c"), "--reference", path("new/mine.safetensors"), "--metrics", "fid",
                     "--overwrite", "--save-statistics", path("new/mine.safetensors")}),
               1, "would replace what is read");
  // FID alone keeps no features, and what needs them is told so.
  expect_error(eval({"--images", path("a"), "--reference", path("new/mine.safetensors"), "--metrics", "kid"}), 1,
               "holds statistics alone");
}

TEST_F(EvalTest, PatternsChooseFromTheReference) {
  for (const char* name : {"set/x", "set/y"}) std::filesystem::create_directories(*shared_ / name);
  write_pictures("set/x", 6, 90);
  write_pictures("set/y", 6, 10);
  const auto with = [&](std::vector<std::string> more) {
    more.insert(more.end(), {"--images", path("a"), "--metrics", "fid", "--json"});
    return eval(more);
  };
  const Outcome chosen = with({"--reference", path("set"), "--include", "x"});
  ASSERT_EQ(chosen.code, 0) << chosen.err;
  const auto fid = [](const Outcome& outcome) { return nlohmann::json::parse(outcome.out).at("fd").dump(); };
  EXPECT_EQ(fid(chosen), fid(with({"--reference", path("b")})));
  EXPECT_EQ(fid(with({"--reference", path("set"), "--include", "x,y"})), fid(with({"--reference", path("set")})));
  EXPECT_NE(fid(chosen), fid(with({"--reference", path("set")})));
  expect_error(with({"--reference", path("set"), "--include", "z*"}), 1, "no class folder of");
  expect_error(with({"--reference", path("stats.npz"), "--include", "x"}), 2, "--include");
}

TEST_F(EvalTest, WarningsOfTheReadersAreInTheJson) {
  write_pictures("mixed", 6, 30);
  checkpoint::write_whole(*shared_ / "mixed/extra.svg", "<svg/>");
  const Outcome outcome = eval({"--images", path("mixed"), "--reference", path("mixed"), "--metrics", "fid", "--json"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const std::string warnings = nlohmann::json::parse(outcome.out).at("warnings").dump();
  EXPECT_NE(warnings.find("1 .svg"), std::string::npos) << warnings;
}

TEST_F(EvalTest, PicturesOfACheckpointAreThoseThatSampleWrites) {
  sample::write_tiny_model(path("tiny.safetensors"), sample::tiny_description());
  const Outcome sampled = program_({"sample", "--checkpoint", path("tiny.safetensors"), "--classes", "0,1,2", "--count",
                                    "2", "--seed", "3", "--steps", "2", "--size", "16x16", "--out", path("drawn.npz")});
  ASSERT_EQ(sampled.code, 0) << sampled.err;
  const std::vector<std::string> judged{"--reference", path("b"), "--metrics", "fid,kid", "--json", "--seed", "3"};
  const auto with = [&](std::vector<std::string> more) {
    more.insert(more.end(), judged.begin(), judged.end());
    return eval(more);
  };
  const Outcome drawn = with({"--checkpoint", path("tiny.safetensors"), "--count", "6", "--steps", "2", "--size",
                              "16x16", "--sample-batch", "16"});
  ASSERT_EQ(drawn.code, 0) << drawn.err;
  EXPECT_TRUE(drawn.complains("sampling: 12 steps in")) << drawn.err;
  EXPECT_EQ(drawn.out, with({"--images", path("drawn.npz")}).out);

  expect_error(with({"--checkpoint", path("tiny.safetensors"), "--images", path("a")}), 2, "--images");
  expect_error(with({"--images", path("a"), "--steps", "2"}), 2, "--checkpoint");
  expect_error(with({"--images", path("a"), "--classes", "2"}), 2, "--checkpoint");
  expect_error(with({}), 2, "--images or --checkpoint");
  expect_error(with({"--checkpoint", path("tiny.safetensors"), "--count", "4", "--labels-from", path("a")}), 1,
               "class");
}

}  // namespace
}  // namespace pixnerd::cli
