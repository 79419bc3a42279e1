#include <nlohmann/json.hpp>

#include "tests/cli/program.h"
#include "tests/doctor/sound_run.h"

namespace pixnerd::cli {
namespace {

namespace fs = std::filesystem;

class Doctor : public testing::Test {
 protected:
  Doctor() {
    doctor::write_shard(folder_ / "data.tar", R"({"class": ")");
    train::RunConfig config = doctor::sound_config(folder_ / "data.tar");
    config.train.steps = 100;
    config.train.sample_every = 50;
    NoProgress progress;
    train::run(config, run_, {}, progress);
  }

  Outcome examine(std::vector<std::string> more = {}) const {
    more.insert(more.begin(), {"doctor", run_.string(), "--threads", "1"});
    return program_(more);
  }

  TemporaryFolder folder_;
  fs::path run_ = folder_ / "run";
  Program program_;
};

TEST_F(Doctor, EndsWithZeroOrThree) {
  const Outcome sound = examine();
  EXPECT_EQ(sound.code, 0) << sound.out << sound.err;
  EXPECT_TRUE(sound.says("step 100 of 100")) << sound.out;
  EXPECT_TRUE(sound.says("nothing wrong was found")) << sound.out;

  fs::resize_file(folder_ / "data.tar", fs::file_size(folder_ / "data.tar") / 2);
  const Outcome ill = examine();
  EXPECT_EQ(ill.code, 3) << ill.err;
  EXPECT_TRUE(ill.says("data-ends-early: the data")) << ill.out;
  EXPECT_FALSE(ill.complains("pixnerd: error")) << ill.err;

  const Outcome json = examine({"--json"});
  EXPECT_EQ(json.code, 3);
  const auto all = nlohmann::json::parse(json.out);
  ASSERT_EQ(all.at("findings").size(), 1U) << json.out;
  EXPECT_EQ(all.at("findings")[0].at("fault"), "data-ends-early");
  EXPECT_EQ(all.at("findings")[0].at("numbers").at("is_other"), 1);
  EXPECT_EQ(all.at("steps"), 100);
}

TEST_F(Doctor, SaysWhatItCouldNotLookAt) {
  fs::create_directory(folder_ / "elsewhere");
  fs::rename(folder_ / "data.tar", folder_ / "elsewhere/data.tar");
  const Outcome without = examine();
  EXPECT_EQ(without.code, 0) << without.out << without.err;
  EXPECT_TRUE(without.says("not looked at: the data: ")) << without.out;
  EXPECT_TRUE(without.says("not looked at: the losses: ")) << without.out;
  const Outcome with = examine({"--data", (folder_ / "elsewhere/data.tar").string()});
  EXPECT_EQ(with.code, 0) << with.out;
  EXPECT_FALSE(with.says("not looked at")) << with.out;
}

TEST_F(Doctor, WantsARun) {
  expect_error(program_({"doctor", (folder_ / "data.tar").string()}), 1, "data.tar");
  expect_error(program_({"doctor", (folder_ / "nowhere").string()}), 1, "nowhere");
  expect_error(program_({"doctor", "assets/emoji64.safetensors"}), 1, "emoji64");
  checkpoint::write_whole(run_ / "log.jsonl", "{\"step\": 1e400, \"lr\": [\n\0garbage\n{\"step\":5}\n");
  EXPECT_TRUE(examine().says("not looked at: the log"));
}

}  // namespace
}  // namespace pixnerd::cli
