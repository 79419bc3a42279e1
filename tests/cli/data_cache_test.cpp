// `pixnerd data cache` and `data speed`, and training from such a file.
#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>

#include "tests/cli/program.h"
#include "tests/data/folders.h"

namespace pixnerd::cli {
namespace {

namespace fs = std::filesystem;

using Arguments = std::vector<std::string>;

constexpr const char* kConfig = R"(
model: {hidden_size: 16, num_heads: 2, patch_size: 4, field_width: 4, num_cond_blocks: 1, num_blocks: 2, num_classes: 0}
data: {image_size: 8, shift_pixels: 1, horizontal_flip: true, held_out: 0.1}
train: {steps: 6, batch_size: 4, precision: float32, validate_every: 3}
sample: {size: [8, 8], steps: 2}
)";

class DataCacheTest : public testing::Test {
 protected:
  DataCacheTest() {
    for (int i = 0; i < 40; ++i) {
      data::write_picture(folder_ / ("data/" + std::to_string(i % 3) + "/" + std::to_string(i) + ".png"),
                          data::marked_picture(40 + i, i));
    }
    data::write_text(folder_ / "data/0/broken.png", "no picture");
    data::write_text(folder_ / "tiny.yaml", kConfig);
  }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  Arguments arguments(const Arguments& verb, const std::string& cache, const Arguments& more = {}) const {
    Arguments all = verb;
    all.insert(all.end(), {path("tiny.yaml"), "--set", "data.path=" + path("data")});
    if (!cache.empty()) all.insert(all.end(), {"--set", "data.cache=" + path(cache)});
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }

  TemporaryFolder folder_;
  Program program_;
};

TEST_F(DataCacheTest, IsMadeOnceAndSaysWhatIsThere) {
  const Outcome made = program_(arguments({"data", "cache"}, "squares"));
  EXPECT_EQ(made.code, 0) << made.err;
  EXPECT_TRUE(made.out.starts_with("wrote " + path("squares") + " (41 pictures, 1")) << made.out;
  EXPECT_TRUE(made.complains("caching: 41 pictures in ")) << made.err;
  const Outcome again = program_(arguments({"data", "cache"}, "squares"));
  EXPECT_TRUE(again.says("is there and fits (41 pictures, ")) << again.out;
  EXPECT_EQ(again.err, "");
  expect_error(program_(arguments({"data", "cache"}, "")), 1, "data.cache names no file: add --set data.cache=FILE");
  expect_error(program_(arguments({"data", "cache"}, "squares", {"--set", "data.crop=resize"})), 1,
               "has 'crop adm', the data set 'crop resize'");
  expect_error(program_(arguments({"data", "cache"}, "data/squares")), 1, "lies in the data set");
}

TEST_F(DataCacheTest, KilledAtAnyMomentItEndsInTheSameBytes) {
  const Arguments size{"--set", "data.image_size=256"};
  program_(arguments({"data", "cache"}, "whole", size));
  for (int wait = 0; wait < 5; ++wait) {
    program_.start(arguments({"data", "cache"}, "killed", size));
    for (int i = 0; i < 10'000 && !fs::exists(folder_ / "killed.unfinished"); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(3 * wait));
    program_.signal(SIGKILL);
    program_.wait();
    fs::remove(folder_ / "killed");  // where it was faster
  }
  const Outcome last = program_(arguments({"data", "cache"}, "killed", size));
  EXPECT_EQ(last.code, 0) << last.err;
  EXPECT_TRUE(checkpoint::read_whole(folder_ / "killed") == checkpoint::read_whole(folder_ / "whole"));
  EXPECT_FALSE(fs::exists(folder_ / "killed.unfinished"));
}

TEST_F(DataCacheTest, ProcessesAtTheSameTimeShareOne) {
  std::vector<Program> programs(4);
  for (const Program& each : programs) each.start(arguments({"data", "cache"}, "squares"));
  int wrote = 0;
  for (const Program& each : programs) {
    const Outcome outcome = each.wait();
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    wrote += outcome.complains("making the cache of pictures");
  }
  EXPECT_EQ(wrote, 1);
  EXPECT_FALSE(fs::exists(folder_ / "squares.unfinished"));
}

// "loss 0.123 at step 6".
std::string last_loss(const Outcome& outcome) {
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  return outcome.out.substr(outcome.out.find("(loss "));
}

TEST_F(DataCacheTest, TrainingIsTheSameWithIt) {
  const auto train = [&](const std::string& out, const std::string& cache, const Arguments& more) {
    Arguments all = arguments({"train"}, cache, {"--out", path(out), "--threads", "1"});
    all.insert(all.end(), more.begin(), more.end());
    return program_(all);
  };
  const std::string expected = last_loss(train("plain", "", {}));
  EXPECT_EQ(last_loss(train("cached", "squares", {})), expected);
  EXPECT_TRUE(fs::exists(folder_ / "squares"));
  // A run may take it up on the way.
  EXPECT_EQ(train("half", "", {"--set", "train.steps=3"}).code, 0);
  EXPECT_EQ(last_loss(train("half", "squares", {"--set", "train.steps=6", "--resume"})), expected);
}

TEST_F(DataCacheTest, SpeedNamesWhatTakesTheTime) {
  const Outcome plain = program_(arguments({"data", "speed"}, "", {"--seconds", "0.1"}));
  EXPECT_EQ(plain.code, 0) << plain.err;
  EXPECT_TRUE(plain.out.starts_with(path("data") + ": 41 pictures as 8 x 8, 2 workers\n")) << plain.out;
  for (const char* part :
       {" pictures a second\n", " ms a picture\n", "decoding ", " %, resizing ", " %, augmenting "}) {
    EXPECT_TRUE(plain.says(part)) << plain.out;
  }
  const Outcome cached = program_(arguments({"data", "speed"}, "squares", {"--seconds", "0.1", "--json"}));
  const auto json = nlohmann::json::parse(cached.out);
  EXPECT_EQ(json.at("cached"), true);
  EXPECT_EQ(json.at("pictures"), 41);
  EXPECT_GT(json.at("pictures_per_second"), 0);
  EXPECT_EQ(json.at("stages").at(0).at("name"), "reading the cache");
  double seconds = 0;
  for (const auto& stage : json.at("stages")) seconds += stage.at("seconds").get<double>();
  EXPECT_GT(seconds, 0);
}

}  // namespace
}  // namespace pixnerd::cli
