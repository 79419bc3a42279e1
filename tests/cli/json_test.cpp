// What programs read: the JSON that verbs print, and the lines of --progress json.
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/cli/program.h"
#include "tests/data/tars.h"
#include "tests/sample/tiny_model.h"

namespace pixnerd::cli {
namespace {

using nlohmann::json;
using Arguments = std::vector<std::string>;

class JsonTest : public testing::Test {
 protected:
  JsonTest() { sample::write_tiny_model(folder_ / "tiny.safetensors", sample::tiny_description()); }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  Outcome sample(const std::string& out, const Arguments& more = {}) const {
    Arguments all{"sample",
                  "--checkpoint",
                  path("tiny.safetensors"),
                  "--classes",
                  "0,1",
                  "--count",
                  "2",
                  "--batch",
                  "3",
                  "--threads",
                  "1",
                  "--json",
                  "--out"};
    all.push_back(path(out));
    all.insert(all.end(), more.begin(), more.end());
    return program_(all);
  }

  // One line that is one object.
  static json parsed(const Outcome& outcome) {
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_EQ(std::count(outcome.out.begin(), outcome.out.end(), '\n'), 1) << outcome.out;
    return json::parse(outcome.out);
  }

  // All lines of standard error are objects with an "event".
  static std::vector<json> events_of(const Outcome& outcome) {
    std::vector<json> events;
    std::istringstream lines(outcome.err);
    for (std::string line; std::getline(lines, line);) {
      events.push_back(json::parse(line, nullptr, false));
      EXPECT_TRUE(events.back().is_object() && events.back().contains("event")) << line;
    }
    return events;
  }

  TemporaryFolder folder_;
  Program program_;
};

TEST_F(JsonTest, SampleSaysWhatItWrote) {
  const json all = parsed(sample("pictures", {"--seed", "7"}));
  EXPECT_EQ(all.at("out"), path("pictures"));
  EXPECT_EQ(all.at("kind"), "folder");
  EXPECT_EQ(all.at("count"), 4);
  EXPECT_EQ(all.at("drawn"), 4);
  EXPECT_EQ(all.at("checkpoint").at("path"), path("tiny.safetensors"));
  EXPECT_EQ(all.at("checkpoint").at("hash").get<std::string>().size(), 16U);
  EXPECT_EQ(all.at("settings").at("device"), "cpu");
  EXPECT_EQ(all.at("settings").at("sample").at("steps"), 4);
  EXPECT_GT(all.at("seconds").get<double>(), 0);
  ASSERT_EQ(all.at("pictures").size(), 4U);
  const json& last = all.at("pictures")[3];
  EXPECT_EQ(last.at("number"), 3);
  EXPECT_EQ(last.at("file"), "00003.png");
  EXPECT_EQ(last.at("seed"), 10);
  EXPECT_EQ(last.at("label"), 1);
  EXPECT_EQ(last.at("width"), 8);
  EXPECT_EQ(last.at("kept"), false);
  EXPECT_TRUE(std::filesystem::exists(path("pictures/00003.png")));

  std::filesystem::remove(path("pictures/00003.png"));
  const json more = parsed(sample("pictures", {"--seed", "7", "--resume"}));
  EXPECT_EQ(more.at("kept"), 3);
  EXPECT_EQ(more.at("pictures")[0].at("kept"), true);
  EXPECT_EQ(more.at("pictures")[3].at("kept"), false);
}

TEST_F(JsonTest, SampleTellsGridsArraysAndAnimations) {
  const json grid = parsed(sample("grid.png", {"--animate", path("a.webp"), "--no-record"}));
  EXPECT_EQ(grid.at("kind"), "grid");
  EXPECT_EQ(grid.at("columns"), 2);
  EXPECT_EQ(grid.at("animation").at("file"), path("a.webp"));
  EXPECT_GT(grid.at("animation").at("frames"), 1);
  EXPECT_FALSE(grid.at("pictures")[0].contains("file"));
  const json arrays = parsed(sample("all.npz"));
  EXPECT_EQ(arrays.at("kind"), "arrays");
  std::vector<int> labels;  // the classes in turn
  for (const json& picture : arrays.at("pictures")) labels.push_back(picture.at("label"));
  EXPECT_EQ(labels, std::vector<int>({0, 1, 0, 1}));
}

TEST_F(JsonTest, InspectSaysAllThatItCounted) {
  for (const char* name : {"cat/a.png", "cat/b.png", "dog/a.png"}) {
    data::write_picture(folder_ / "pets" / name, data::marked_picture(6, 1));
  }
  data::write_picture(folder_ / "pets/dog/b.png", data::marked_picture(8, 2));
  checkpoint::write_whole(folder_ / "pets/dog/broken.png", "no picture");
  checkpoint::write_whole(folder_ / "pets/dog/drawing.svg", "<svg/>");
  const json all = parsed(program_({"data", "inspect", path("pets"), "--json"}));
  EXPECT_EQ(all.at("pictures"), 5);
  EXPECT_EQ(all.at("classes").dump(),
            R"([{"name":"cat","number":0,"pictures":2},{"name":"dog","number":1,"pictures":3}])");
  EXPECT_EQ(all.at("sizes").dump(), R"([{"height":6,"pictures":3,"width":6},{"height":8,"pictures":1,"width":8}])");
  EXPECT_EQ(all.at("broken").size(), 1U);
  EXPECT_EQ(all.at("broken")[0].at("name"), "dog/broken.png");
  EXPECT_NE(all.at("not_used").dump().find(".svg"), std::string::npos);
}

TEST_F(JsonTest, EveryLineOfStandardErrorIsAnEvent) {
  const Outcome drawn = sample("pictures", {"--progress", "json"});
  const auto events = events_of(drawn);
  ASSERT_GE(events.size(), 2U) << drawn.err;
  EXPECT_EQ(events.front().at("event"), "start");
  EXPECT_EQ(events.back().at("event"), "end");
  EXPECT_EQ(events.back().at("done"), 16);

  const Outcome failed = sample("pictures", {"--progress", "json"});
  EXPECT_EQ(failed.code, 1);
  EXPECT_EQ(failed.out, "");
  const json error = events_of(failed).back();
  EXPECT_EQ(error.at("event"), "error");
  EXPECT_EQ(error.at("exit_code"), 1);
  EXPECT_NE(error.at("message").get<std::string>().find("is not empty"), std::string::npos);

  const Outcome wrong = program_({"sample", "--progress=json", "--steeps", "4"});
  EXPECT_EQ(events_of(wrong).back().at("exit_code"), 2);

  const Outcome quiet = sample("other", {"--progress", "none"});
  EXPECT_EQ(quiet.err, "");
  expect_error(sample("third", {"--progress", "some"}), 2, "--progress");
}

TEST_F(JsonTest, WarningsAreEventsToo) {
  data::write_picture(folder_ / "pets/cat/a.png", data::marked_picture(6, 1));
  checkpoint::write_whole(folder_ / "pets/cat/drawing.svg", "<svg/>");
  const Outcome packed = program_({"data", "pack", path("pets"), "--out", path("shards"), "--progress", "json"});
  EXPECT_EQ(packed.code, 0) << packed.err;
  const auto events = events_of(packed);
  EXPECT_EQ(events.front().at("event"), "log") << packed.err;
  EXPECT_EQ(events.front().at("level"), "warning");
  EXPECT_NE(events.front().at("message").get<std::string>().find(".svg"), std::string::npos);
  const auto converted =
      events_of(program_({"convert", path("tiny.safetensors"), path("a.ckpt"), "--progress", "json"}));
  EXPECT_EQ(converted.front().at("label"), "converting");
  EXPECT_EQ(converted.back().at("event"), "end");
}

}  // namespace
}  // namespace pixnerd::cli
