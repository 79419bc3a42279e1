// What all verbs have in common: how values are read, and what is never replaced.
#include <chrono>
#include <filesystem>
#include <thread>

#include "image/codec.h"
#include "tests/cli/program.h"
#include "tests/sample/tiny_model.h"

namespace pixnerd::cli {
namespace {

using Arguments = std::vector<std::string>;

class FlagsTest : public testing::Test {
 protected:
  void SetUp() override { sample::write_tiny_model(checkpoint(), sample::tiny_description()); }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  std::string checkpoint() const { return path("tiny.safetensors"); }

  Arguments drawing(const std::string& out, const Arguments& more = {}) const {
    Arguments all{"sample", "--checkpoint", checkpoint(), "--threads", "1", "--out", path(out)};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  Outcome draw(const std::string& out, const Arguments& more = {}) const {
    Arguments with_class = more;
    with_class.insert(with_class.end(), {"--classes", "0"});
    return program_(drawing(out, with_class));
  }

  TemporaryFolder folder_;
  Program program_;
};

TEST_F(FlagsTest, AnEmptyValueIsRefused) {
  const std::string weights = checkpoint();
  const std::vector<Arguments> all = {
      {"train", "emoji64", "--out", path("run"), "--init", ""},
      {"train", "emoji64", "--out", ""},
      {"train", "", "--out", path("run")},
      {"train", "emoji64", "--out", path("run"), "--set", ""},
      {"train", "emoji64", "--out", path("run"), "--device", ""},
      {"schedule", "--checkpoint", weights, "--encodings", "1", "--out", ""},
      {"sample", "--checkpoint", weights, "--classes", "0", "--again", "", "--out", path("a.png")},
      drawing("a.png", {"--classes", "0", "--animate", ""}),
      drawing("a.png", {"--classes", ""}),
      drawing("a.png", {"--class", ""}),
      drawing("a.png", {"--style", "", "--classes", "0"}),
      drawing("a.png", {"--classes", "0", "--text-encoder", ""}),
      drawing("a.png", {"--prompts", ""}),
      drawing("a.png", {"--classes", "0", "--guidance-interval", ""}),
      drawing("a.png", {"--classes", "0", "--decoder", ""}),
      {"sample", "--checkpoint", weights, "--classes", "0", "--out", ""},
      {"sample", "--checkpoint", "", "--classes", "0", "--out", path("a.png")},
      {"eval", "--images", "", "--reference", "b", "--inception", "c"},
      {"eval", "--images", "a", "--reference", "b", "--inception", "c", "--save-statistics", ""},
      {"eval", "--checkpoint", "a", "--reference", "b", "--inception", "c", "--labels-from", ""},
      {"convert", "", path("a.pt")},
      {"convert", weights, ""},
      {"convert", weights, path("a.pt"), "--dtype", ""},
      {"info", ""},
      {"data", "inspect", ""},
      {"data", "inspect", "a", "--include", ""},
      {"data", "pack", "a", "--out", ""},
      {"bench", "--model", ""},
      {"bench", "--table", "emoji64", "--checkpoint", ""},
      {"bench", "--table", "", "--checkpoint", weights},
      {"train", "emoji64", "--out", path("run"), "--init=", "--set", "train.steps=1"},
  };
  for (const Arguments& each : all) {
    std::string words;
    for (const std::string& word : each) words += word + "|";
    SCOPED_TRACE(words);
    expect_error(program_(each), 2, "the value is empty");
  }
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_.path()), {}), 1);
}

TEST_F(FlagsTest, AnEmptyValueOfASettingIsRefused) {
  expect_error(program_({"train", "emoji64", "--out", path("run"), "--set", "data.path="}), 1, "the value is empty");
}

TEST_F(FlagsTest, TheEmptyPromptIsOne) {
  const Outcome outcome = program_(drawing("a.png", {"--prompt", "", "--negative-prompt", ""}));
  expect_error(outcome, 2, "draws classes, not prompts");
}

TEST_F(FlagsTest, NumbersAreDecimal) {
  EXPECT_TRUE(draw("ten", {"--count", "010", "--steps", "01", "--seed", "0012"}).says("10 pictures, seeds 12 to 21"));
  EXPECT_TRUE(program_(drawing("two.png", {"--classes", "02,1", "--steps", "1"})).says("2 pictures"));
  for (const char* flag : {"--count", "--seed", "--batch", "--threads", "--steps"}) {
    for (const char* value : {"0x10", "2.0", "99999999999999999999"}) {
      expect_error(
          program_({"sample", "--checkpoint", checkpoint(), "--classes", "0", "--out", path("a"), flag, value}), 2,
          flag);
    }
  }
  expect_error(program_(drawing("a", {"--classes", "0x1"})), 2, "--classes");
  expect_error(program_({"eval", "--images", "a", "--inception", "b", "--metrics", "is", "--seed", "0x1"}), 2,
               "--seed");
}

TEST_F(FlagsTest, WordsComeWithASuggestionAndLongOnesAreCut) {
  expect_error(draw("a.png", {"--dtype", "bfloat61"}), 2, "did you mean bfloat16?");
  EXPECT_LT(draw("a.png", {"--dtype", std::string(5000, 'x')}).err.size(), 250U);
}

TEST_F(FlagsTest, PicturesOfOtherFormatsAreRefusedBeforeTheWork) {
  for (const char* name : {"a.jpg", "a.GIF", "a.bmp", "a.tiff", "a.avif", "a.npy", "a.webp"}) {
    expect_error(draw(name), 1, "written as .png or .npz");
    EXPECT_FALSE(std::filesystem::exists(path(name)));
  }
}

TEST_F(FlagsTest, NothingIsReplacedUnlessAskedFor) {
  for (const char* name : {"photo.png", "photo.npz"}) {
    checkpoint::write_whole(path(name), "mine");
    expect_error(draw(name), 1, "is there already");
    EXPECT_EQ(checkpoint::read_whole(path(name)), "mine");
    const Outcome outcome = draw(name, {"--overwrite"});
    EXPECT_TRUE(outcome.says("replaced 1 file")) << outcome.err;
  }
  checkpoint::write_whole(path("run.webp"), "mine");
  expect_error(draw("b.png", {"--animate", path("run.webp")}), 1, "run.webp' is there already");
  EXPECT_EQ(checkpoint::read_whole(path("run.webp")), "mine");
  EXPECT_FALSE(std::filesystem::exists(path("b.png")));
  EXPECT_EQ(draw("b.png", {"--animate", path("run.webp"), "--overwrite"}).code, 0);
}

TEST_F(FlagsTest, WhatIsReadIsNeverReplaced) {
  const std::string weights = checkpoint::read_whole(checkpoint());
  std::filesystem::create_symlink(checkpoint(), path("soft.png"));
  std::filesystem::create_hard_link(checkpoint(), path("hard.npz"));
  std::filesystem::create_hard_link(checkpoint(), path("run.webp"));
  expect_error(draw("soft.png", {"--overwrite"}), 1, "would replace what is read");
  expect_error(draw("hard.npz", {"--overwrite"}), 1, "would replace what is read");
  expect_error(draw("a.png", {"--overwrite", "--animate", path("run.webp")}), 1, "would replace what is read");
  EXPECT_EQ(checkpoint::read_whole(checkpoint()), weights);

  ASSERT_EQ(draw("picture.png").code, 0);
  ASSERT_EQ(draw("folder").code, 0);
  const auto again = [&](const std::string& from, const std::string& out) {
    return program_({"sample", "--again", path(from), "--out", path(out), "--overwrite"});
  };
  const std::string picture = checkpoint::read_whole(path("picture.png"));
  expect_error(again("picture.png", "picture.png"), 1, "would replace what is read");
  EXPECT_EQ(checkpoint::read_whole(path("picture.png")), picture);
  expect_error(again("folder/manifest.jsonl", "folder"), 1, "would replace what is read");
  expect_error(again("folder/00000.png", "folder"), 1, "would replace what is read");
}

TEST_F(FlagsTest, OfTwoThatDrawIntoOnePlaceOneIsRefused) {
  for (const char* name : {"folder", "all.npz", "grid.png"}) {
    // The lock is taken once the network is loaded. Where the second comes before that, it may be the first that is
    // refused, so that both begin again.
    Outcome second;
    for (int wait = 1; wait < 8 && second.code != 1; ++wait) {
      const Program first;
      first.start(drawing(name, {"--classes", "0", "--count", "2000", "--steps", "1000", "--batch", "1", "--size",
                                 "4x4", "--overwrite"}));
      std::this_thread::sleep_for(std::chrono::milliseconds(300 * wait));
      second = draw(name, {"--overwrite", "--steps", "1", "--size", "4x4"});
      first.signal(SIGKILL);
      first.wait();
    }
    expect_error(second, 1, "another process is writing to");
    EXPECT_EQ(draw(name, {"--overwrite", "--steps", "1", "--size", "4x4"}).code, 0);
  }
}

}  // namespace
}  // namespace pixnerd::cli
