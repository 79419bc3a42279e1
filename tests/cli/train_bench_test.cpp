// The verbs `train` and `bench`, as their users meet them.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "core/text.h"
#include "image/codec.h"
#include "tests/cli/program.h"

namespace pixnerd::cli {
namespace {

constexpr const char* kTinyConfig = R"(
model: {hidden_size: 16, num_heads: 2, patch_size: 4, field_width: 4, num_cond_blocks: 1, num_blocks: 2, num_classes: 0}
data: {image_size: 8, cache_megabytes: 1}
train: {steps: 2, batch_size: 2, precision: float32}
sample: {size: [8, 8], steps: 2}
)";

class TrainAndBench : public testing::Test {
 protected:
  TrainAndBench() {
    checkpoint::write_whole(folder_ / "tiny.yaml", kTinyConfig);
    for (const char* name : {"dark", "light"}) {
      std::filesystem::create_directories(folder_ / "data" / name);
      image::write_png(folder_ / "data" / name / "a.png", image::blank(8, 8));
    }
  }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  Outcome train(const std::vector<std::string>& more) const {
    std::vector<std::string> arguments{"train", path("tiny.yaml"),           "--out",     path("run"),
                                       "--set", "data.path=" + path("data"), "--threads", "1"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return program_(arguments);
  }

  TemporaryFolder folder_;
  Program program_;
};

TEST_F(TrainAndBench, ATrainedCheckpointCanBeSampledFromByName) {
  const Outcome outcome = train({"--set", "train.steps=3"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const std::string checkpoint = path("run/checkpoints/step-00000003.safetensors");
  EXPECT_TRUE(outcome.says(checkpoint)) << outcome.out;
  const Outcome sampled = program_({"sample", "--checkpoint", checkpoint, "--class", "light", "--out", path("a.png")});
  EXPECT_EQ(sampled.code, 0) << sampled.err;
  EXPECT_EQ(image::read_image(path("a.png")).width % 4, 0);
}

TEST_F(TrainAndBench, WrongConfigurationsAreOneLine) {
  expect_error(train({"--set", "train.stepz=3"}), 1, "did you mean 'steps'");
  expect_error(train({"--set", "train.steps"}), 1, "has no '='");
  expect_error(train({"--set", "data.path=" + path("nowhere")}), 1, "nowhere");
  expect_error(program_({"train", "imagenet265_L16", "--out", path("run")}), 1, "imagenet256_L16");
  checkpoint::write_whole(folder_ / "wrong.yaml", "model:\n  hidden_size: wide\n");
  expect_error(program_({"train", path("wrong.yaml"), "--out", path("run")}), 1, "wrong.yaml:2");
  EXPECT_FALSE(std::filesystem::exists(path("run")));
}

TEST_F(TrainAndBench, ASettingThatIsATextIsTakenAsItIs) {
  for (const char* name : {"my pics", "my pics #2", "{a: b}", "[pics]", "'pics'", "*"}) {
    std::filesystem::rename(path("data"), path(name));
    const Outcome outcome = program_({"train", path("tiny.yaml"), "--out", concat(path("run "), name), "--threads", "1",
                                      "--set", "data.path=" + path(name), "--set", "train.steps=01"});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_TRUE(outcome.says("step-00000001.safetensors")) << outcome.out;
    std::filesystem::rename(path(name), path("data"));
  }
}

TEST_F(TrainAndBench, ATableThatMemoryEndsForIsOneSentence) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "AddressSanitizer needs all addresses";
#endif
  const std::string command =
      concat("(ulimit -v 1500000; ", PIXNERD_PROGRAM,
             " bench --threads 1 --table emoji64 --steps 1 --micro-batch 8192 >", path("out"), " 2>", path("err"), ")");
  EXPECT_NE(std::system(command.c_str()), 0);
  const std::string err = checkpoint::read_whole(path("err"));
  for (const char* internal : {"frame #", "c10::", "CPUAllocator", "std::bad_alloc"}) {
    EXPECT_EQ(err.find(internal), std::string::npos) << err;
  }
  EXPECT_NE(err.find("--micro-batch"), std::string::npos) << err;
}

TEST_F(TrainAndBench, NamesThatTheSystemRefusesAreOneLine) {
  std::filesystem::create_symlink("b", path("a"));
  std::filesystem::create_symlink("a", path("b"));
  for (const std::string& name : {path("a"), std::string(300, 'a')}) {
    const Outcome outcome = program_({"bench", "--threads", "1", "--model", name});
    expect_error(outcome, 1, "cannot look at");
    EXPECT_FALSE(outcome.complains("filesystem error")) << outcome.err;
  }
}

TEST_F(TrainAndBench, ARunFolderIsNotOverwritten) {
  ASSERT_EQ(train({}).code, 0);
  expect_error(train({}), 1, "is not empty");
}

TEST_F(TrainAndBench, BenchPrintsOneJsonObject) {
  for (const std::string mode : {"forward", "train", "sample"}) {
    const Outcome outcome = program_({"bench", "--model", path("tiny.yaml"), "--mode", mode, "--runs", "3", "--json"});
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    const auto json = nlohmann::json::parse(outcome.out);
    EXPECT_GT(json.at("seconds_min").get<double>(), 0.0);
    EXPECT_LE(json.at("seconds_min").get<double>(), json.at("seconds_median").get<double>());
    EXPECT_GT(json.at("peak_bytes").get<int64_t>(), 1'000'000);
    EXPECT_EQ(json.contains("optimizer_seconds"), mode == "train");
    EXPECT_EQ(json.at("rows").size(), mode == "train" ? 3U : 2U);  // the plain reference stands beside
    EXPECT_EQ(json.at("rows")[0].contains("of_peak"), mode != "sample");
  }
}

TEST_F(TrainAndBench, ATableHasAColumnForEachConfiguration) {
  ASSERT_EQ(train({}).code, 0);
  const std::string checkpoint = path("run/checkpoints/step-00000002.safetensors");
  const std::vector<std::string> arguments{"bench",
                                           "--table",
                                           path("tiny.yaml") + ",emoji64",
                                           "--checkpoint",
                                           checkpoint,
                                           "--steps",
                                           "1",
                                           "--runs",
                                           "1",
                                           "--micro-batch",
                                           "2",
                                           "--threads",
                                           "1"};
  const Outcome text = program_(arguments);
  ASSERT_EQ(text.code, 0) << text.err;
  EXPECT_TRUE(text.says(" step-00000002.safetensors\n")) << text.out;
  EXPECT_TRUE(text.says("  a pass over 2 pictures")) << text.out;
  EXPECT_TRUE(text.says("2, from 1, guidance 1")) << text.out;

  std::vector<std::string> as_json = arguments;
  as_json.emplace_back("--json");
  const auto json = nlohmann::json::parse(program_(as_json).out);
  ASSERT_EQ(json.size(), 3U);
  for (const auto& column : json) {
    EXPECT_GT(column.at("sampling").at("seconds_per_picture").get<double>(), 0);
    EXPECT_GT(column.at("sampling").at("memory_bytes").get<int64_t>(), 1'000'000);
    EXPECT_GT(column.at("training").at("seconds_per_step").get<double>(), 0);
    EXPECT_EQ(column.at("training").at("micro_batch").get<int64_t>(), 2);
  }
  EXPECT_EQ(json[0].at("name"), path("tiny.yaml"));
  EXPECT_EQ(json[2].at("name"), "step-00000002.safetensors");
  EXPECT_GT(json[1].at("sampling").at("parameters"), json[2].at("sampling").at("parameters"));
}

TEST_F(TrainAndBench, ATableIsOfSomething) {
  expect_error(program_({"bench"}), 2, "--model or --table");
  expect_error(program_({"bench", "--table"}), 2, "--table needs");
  expect_error(program_({"bench", "--table", "emoji64", "--model", "emoji64"}), 2, "--model or --table");
  expect_error(program_({"bench", "--table", "emoji65"}), 1, "emoji64");
  expect_error(program_({"bench", "--table", "--checkpoint", path("nowhere")}), 1, "nowhere");
}

TEST_F(TrainAndBench, BenchRefusesUnknownModels) {
  expect_error(program_({"bench", "--model", "emoji65"}), 1, "emoji64");
  expect_error(program_({"bench", "--model", "emoji64", "--mode", "sleep"}), 2, "--mode");
}

}  // namespace
}  // namespace pixnerd::cli
