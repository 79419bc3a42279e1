// `pixnerd edit`, and what `pixnerd sample` draws between pictures.
#include <algorithm>
#include <fstream>

#include "image/codec.h"
#include "image/crop.h"
#include "sample/record.h"
#include "tests/cli/program.h"
#include "tests/image/pictures.h"
#include "tests/sample/tiny_model.h"

namespace pixnerd::cli {
namespace {

namespace fs = std::filesystem;
using Arguments = std::vector<std::string>;
using image::Image;

class EditProgramTest : public testing::Test {
 protected:
  EditProgramTest() {
    sample::write_tiny_model(folder_ / "tiny.safetensors", sample::tiny_description());
    image::write_png(folder_ / "in.png", input_);
    Image mask = image::blank(8, 8);
    std::fill_n(mask.rgb.begin(), mask.rgb.size() / 2, uint8_t{255});  // the upper half
    image::write_png(folder_ / "mask.png", mask);
  }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  Outcome run(Arguments arguments, const Arguments& more) const {
    arguments.insert(arguments.end(), {"--threads", "1"});
    arguments.insert(arguments.end(), more.begin(), more.end());
    return program_(arguments);
  }

  Outcome edit(const Arguments& more, const std::string& out = "out.png") const {
    return run({"edit", path("in.png"), "--checkpoint", path("tiny.safetensors"), "--classes", "1", "--out", path(out)},
               more);
  }

  Outcome sample(const Arguments& more, const std::string& out = "out.png") const {
    return run({"sample", "--checkpoint", path("tiny.safetensors"), "--size", "8x8", "--out", path(out)}, more);
  }

  Image picture(const std::string& name) const { return image::read_image(path(name)); }

  static Image part(const Image& image, int x, int y, int width, int height) {
    return image::crop(image, {x, y, width, height});
  }

  void succeeds(const Outcome& outcome) const { EXPECT_EQ(outcome.code, 0) << outcome.err; }

  Image input_ = image::noise(8, 8, 1);
  TemporaryFolder folder_;
  Program program_;
};

TEST_F(EditProgramTest, WhatTheMaskKeepsHasItsBytes) {
  succeeds(edit({"--mask", path("mask.png")}));
  EXPECT_EQ(part(picture("out.png"), 0, 4, 8, 4).rgb, part(input_, 0, 4, 8, 4).rgb);
  EXPECT_NE(part(picture("out.png"), 0, 0, 8, 4).rgb, part(input_, 0, 0, 8, 4).rgb);
  succeeds(edit({"--mask", path("mask.png"), "--invert-mask"}, "inverted.png"));
  EXPECT_EQ(part(picture("inverted.png"), 0, 0, 8, 4).rgb, part(input_, 0, 0, 8, 4).rgb);
}

TEST_F(EditProgramTest, ThePictureIsExtendedToAnySize) {
  succeeds(edit({"--extend", "1,2,0,3"}));
  EXPECT_EQ(picture("out.png").width, 9);
  EXPECT_EQ(picture("out.png").height, 13);
  EXPECT_EQ(part(picture("out.png"), 1, 2, 8, 8).rgb, input_.rgb);
  succeeds(edit({"--extend", "2", "--count", "2"}, "two"));
  EXPECT_EQ(picture("two/00001.png").width, 12);
  for (const char* form : {"1,2", "1,2,3,4,5", "-1", "a", "1,,2,3", "1,2,3,"}) {
    expect_error(edit({"--extend", form}, "no.png"), 2, "LEFT,TOP,RIGHT,BOTTOM");
  }
}

TEST_F(EditProgramTest, TheStrengthSaysHowMuchIsLeft) {
  const auto change = [&](const char* strength) {
    succeeds(edit({"--strength", strength, "--overwrite", "--steps", "20"}));
    double sum = 0;
    for (size_t i = 0; i < input_.rgb.size(); ++i) sum += std::abs(picture("out.png").rgb[i] - input_.rgb[i]);
    return sum;
  };
  EXPECT_LT(change("0.05"), change("0.9"));
  for (const char* strength : {"0", "1.5", "-1", "nan", "much"}) {
    expect_error(edit({"--strength", strength}, "no.png"), 2, "--strength");
  }
}

TEST_F(EditProgramTest, ItIsDrawnAgainFromItsRecord) {
  succeeds(edit({"--mask", path("mask.png"), "--extend", "3,0,0,0", "--strength", "0.8", "--count", "2"}, "a"));
  const auto lines = sample::read_records(path("a/manifest.jsonl"));
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0].edit->input, "in.png");
  EXPECT_EQ(lines[0].edit->mask, "mask.png");
  EXPECT_EQ(lines[0].edit->strength, 0.8);
  for (const char* verb : {"sample", "edit"}) {
    succeeds(run({verb, "--again", path("a/manifest.jsonl"), "--out", path(verb)}, {}));
    for (const char* name : {"00000.png", "00001.png"}) {
      const std::string file = concat(verb, "/", name);
      EXPECT_EQ(checkpoint::read_whole(path(file)), checkpoint::read_whole(path(concat("a/", name))));
    }
  }
  // Flags take the place of what is recorded.
  succeeds(run({"edit", "--again", path("a/00000.png"), "--out", path("more.png"), "--extend", "0,0,0,4"}, {}));
  EXPECT_EQ(picture("more.png").height, 12);
  succeeds(
      edit({"--mask", path("mask.png"), "--extend", "3,0,0,0", "--strength", "0.8", "--count", "2", "--resume"}, "a"));
}

TEST_F(EditProgramTest, ItIsSaidWhenThePictureIsAnotherOrGone) {
  succeeds(edit({"--mask", path("mask.png")}));
  image::write_png(folder_ / "in.png", image::noise(8, 8, 2));
  const Outcome changed = run({"edit", "--again", path("out.png"), "--out", path("b.png")}, {});
  succeeds(changed);
  EXPECT_TRUE(changed.complains("in.png")) << changed.err;
  fs::rename(folder_ / "in.png", folder_ / "moved.png");
  expect_error(run({"sample", "--again", path("out.png"), "--out", path("c.png")}, {}), 1, "pixnerd edit");
  image::write_png(folder_ / "moved.png", input_);
  succeeds(run({"edit", path("moved.png"), "--again", path("out.png"), "--out", path("d.png")}, {}));
  EXPECT_EQ(picture("d.png").rgb, picture("out.png").rgb);
  succeeds(sample({"--classes", "0"}, "plain.png"));
  expect_error(run({"edit", path("moved.png"), "--again", path("plain.png"), "--out", path("e.png")}, {}), 1,
               "was not edited");
}

TEST_F(EditProgramTest, WhatIsReadIsNeverReplaced) {
  for (const char* read : {"in.png", "mask.png"}) {
    const std::string before = checkpoint::read_whole(path(read));
    expect_error(edit({"--mask", path("mask.png"), "--overwrite"}, read), 1, read);
    EXPECT_EQ(checkpoint::read_whole(path(read)), before);
  }
}

TEST_F(EditProgramTest, WhatCannotBeEditedIsRefused) {
  image::write_png(folder_ / "large.png", image::noise(12, 8, 1));
  expect_error(edit({"--mask", path("large.png")}), 1, "12x8");
  image::write_png(folder_ / "black.png", image::blank(8, 8));
  expect_error(edit({"--mask", path("black.png")}), 1, "nothing to draw");
  expect_error(edit({"--invert-mask"}), 1, "no mask to invert");
  expect_error(edit({"--mask", path("none.png")}), 1, "none.png");
  expect_error(edit({"--mask", path("tiny.safetensors")}), 1, "is not a PNG");
  expect_error(edit({"--decode-size", "16x16"}), 2, "one size");
  expect_error(edit({"--resample", "0"}), 2, "--resample");
  const Arguments common{"--checkpoint", path("tiny.safetensors"), "--classes", "1", "--out", path("out.png")};
  expect_error(run({"edit"}, common), 2, "IN");
  expect_error(run({"edit", path("tiny.safetensors")}, common), 1, "is not a PNG");
  expect_error(run({"edit", "tests/image/data/huge.hostile.png"}, common), 1, "huge.hostile.png");
  EXPECT_FALSE(fs::exists(folder_ / "out.png"));
}

TEST_F(EditProgramTest, FromAlphaAndFittedAndTurned) {
  const auto drawn = [&](const std::string& file, const Arguments& more) {
    fs::remove(folder_ / "out.png");
    Arguments arguments = more;
    arguments.insert(arguments.end(), {"--checkpoint", path("tiny.safetensors"), "--classes", "1"});
    succeeds(run({"edit", file, "--out", path("out.png")}, arguments));
    return picture("out.png");
  };
  EXPECT_EQ(drawn("tests/image/data/rgba8.png", {}).width, 9);
  EXPECT_EQ(drawn("tests/image/data/exif6.png", {}).width, 7);
  EXPECT_EQ(drawn("tests/image/data/exif6.png", {"--size", "16x12"}).width, 16);
  EXPECT_EQ(drawn("tests/image/data/grey16.png", {}).height, 8);
}

TEST_F(EditProgramTest, ARowLeadsFromClassToClass) {
  succeeds(sample({"--classes", "0,2", "--interpolate", "4", "--seed", "3"}, "row"));
  succeeds(sample({"--classes", "0", "--seed", "3"}, "from.png"));
  succeeds(sample({"--classes", "2", "--seed", "3"}, "to.png"));
  EXPECT_EQ(picture("row/00000.png").rgb, picture("from.png").rgb);
  EXPECT_EQ(picture("row/00003.png").rgb, picture("to.png").rgb);
  EXPECT_NE(picture("row/00001.png").rgb, picture("row/00002.png").rgb);
  const Outcome sheet =
      sample({"--classes", "0,2,1", "--interpolate", "3", "--count", "2", "--animate", path("a.webp")}, "rows.png");
  succeeds(sheet);
  EXPECT_TRUE(sheet.says("10 pictures in 5 columns")) << sheet.out;
  EXPECT_TRUE(sheet.says("9 frames")) << sheet.out;
  succeeds(run({"sample", "--again", path("rows.png"), "--out", path("again.png")}, {}));
  EXPECT_EQ(checkpoint::read_whole(path("again.png")), checkpoint::read_whole(path("rows.png")));
  expect_error(sample({"--classes", "0", "--interpolate", "4"}, "no.png"), 2, "--interpolate");
}

TEST_F(EditProgramTest, SeedsLieBetweenSeeds) {
  succeeds(sample({"--classes", "1", "--seed", "3", "--variation-seed", "8", "--interpolate", "3"}, "row"));
  succeeds(sample({"--classes", "1", "--seed", "3"}, "from.png"));
  succeeds(sample({"--classes", "1", "--seed", "8"}, "to.png"));
  EXPECT_EQ(picture("row/00000.png").rgb, picture("from.png").rgb);
  EXPECT_EQ(picture("row/00002.png").rgb, picture("to.png").rgb);
  succeeds(sample({"--classes", "1", "--seed", "3", "--variation-seed", "8", "--count", "3"}, "near"));
  const auto records = sample::read_records(path("near/manifest.jsonl"));
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(records[i].seed, 3U);
    EXPECT_EQ(records[i].variation->seed, 8 + i);
  }
  expect_error(sample({"--classes", "1", "--variation-strength", "0.5"}, "no.png"), 2, "--variation-seed");
}

TEST_F(EditProgramTest, TilesAreRecorded) {
  succeeds(sample({"--classes", "1", "--tile", "xy"}));
  succeeds(sample({"--classes", "1"}, "plain.png"));
  EXPECT_NE(picture("out.png").rgb, picture("plain.png").rgb);
  succeeds(run({"sample", "--again", path("out.png"), "--out", path("again.png")}, {}));
  EXPECT_EQ(checkpoint::read_whole(path("again.png")), checkpoint::read_whole(path("out.png")));
  expect_error(sample({"--classes", "1", "--tile", "z"}, "no.png"), 2, "--tile");
  expect_error(sample({"--classes", "1", "--tile", "x", "--decode-size", "16x16"}, "no.png"), 2, "one size");
}

}  // namespace
}  // namespace pixnerd::cli
