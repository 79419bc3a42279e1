#include "core/file.h"
#include "tests/cli/program.h"
#include "tests/data/tars.h"

namespace pixnerd::cli {
namespace {

using data::marked_picture;
using data::tar_entry;
using data::tar_sample;
using data::write_picture;
using data::write_text;

class DataTest : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"cat/flat.png", "cat/noto.png", "dog/flat.png"}) {
      write_picture(folder_ / (std::string("pets/") + name), marked_picture(6, 1));
    }
    write_picture(folder_ / "pets/dog/noto.png", marked_picture(8, 2));
  }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  Outcome run(const std::vector<std::string>& arguments) const {
    std::vector<std::string> all{"data"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    return program_(all);
  }

  void expect_lines(const Outcome& outcome, const std::vector<std::string>& lines) const {
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    for (const std::string& line : lines)
      EXPECT_TRUE(outcome.says(line + "\n")) << line << " is not in:\n" << outcome.out;
  }

  TemporaryFolder folder_;
  Program program_;
};

TEST_F(DataTest, PackThenInspectSayTheSameAsTheFolder) {
  const Outcome packed = run({"pack", path("pets"), "--out", path("shards"), "--styles", "--threads", "2"});
  EXPECT_EQ(packed.code, 0) << packed.err;
  EXPECT_TRUE(packed.out.starts_with("wrote 4 pictures of 2 classes into 1 shard in " + path("shards") + " ("))
      << packed.out;
  EXPECT_TRUE(packed.complains("packing: 4 pictures in ")) << packed.err;
  EXPECT_TRUE(std::filesystem::is_regular_file(folder_ / "shards/00000.tar"));

  for (const std::string& set : {path("pets"), path("shards"), path("shards/00000.tar")}) {
    const Outcome seen = run({"inspect", set, "--styles"});
    EXPECT_TRUE(seen.out.starts_with(set + ": 4 pictures, ")) << seen.out;
    expect_lines(seen, {"  classes     2: cat, dog", "              2 pictures each", "  styles      2: flat, noto",
                        "  captions    none", "  sizes       2, from 6 x 6 to 8 x 8, median 6 x 6", "  broken      0"});
    EXPECT_TRUE(seen.complains("reading: 4 pictures in ")) << seen.err;
  }
}

TEST_F(DataTest, PackTakesAPatternOfClassFolders) {
  for (const char* name : {"many/n00/a.png", "many/n01/a.png", "many/n02/a.png", "many/other/a.png"}) {
    write_picture(folder_ / name, marked_picture(6, 1));
  }
  const auto packed = [&](const std::string& pattern, const std::string& out) {
    return run({"pack", path(pattern), "--out", path(out)}).out;
  };
  EXPECT_TRUE(packed("many/n{00..01}", "braces").starts_with("wrote 2 pictures of 2 classes"));
  EXPECT_TRUE(packed("many/n*", "star").starts_with("wrote 3 pictures of 3 classes"));
  EXPECT_TRUE(packed("many/{n02,other}/", "list").starts_with("wrote 2 pictures of 2 classes"));
  expect_error(run({"pack", path("many/n{01..03}"), "--out", path("none")}), 1, "n03");
  expect_error(run({"pack", path("many/x*"), "--out", path("none")}), 1, "x*");
}

TEST_F(DataTest, InspectNamesWhatIsBroken) {
  write_text(folder_ / "set/a.tar", tar_sample("1", 1, R"({"label": 1, "caption": {"en": "x", "de": ["y", "z"]}})") +
                                        tar_entry("bad\x1b.png", "no picture") + tar_sample("worse", 1, "{") +
                                        tar_sample("3", 1, R"({"caption": "w"})"));
  const Outcome seen = run({"inspect", path("set")});
  expect_lines(seen, {"  classes     2", "              smallest label 0 (0), largest label 1 (1)",
                      "              2 pictures without a class", "  captions    4: no language 1, de 2, en 1",
                      "  sizes       all 4 x 4", "  broken      1",
                      "  left out    2 when the set was opened; the warnings say why"});
  EXPECT_TRUE(seen.says("    a.tar/bad?: picture 'a.tar/bad?' is not a PNG")) << seen.out;
  EXPECT_TRUE(seen.complains("warning: skipped sample 'a.tar/worse': .json: ")) << seen.err;
  EXPECT_TRUE(seen.complains("lacks the mark that ends a tar file")) << seen.err;
}

TEST_F(DataTest, InspectReadsTheChosenParts) {
  const Outcome seen = run({"inspect", path("pets"), "--include", "d*"});
  expect_lines(seen, {"  classes     1: dog", "  sizes       2, from 6 x 6 to 8 x 8, median 6 x 6"});
  expect_error(run({"inspect", path("pets"), "--include", "dgo"}), 1, "did you mean 'dog'?");
}

TEST_F(DataTest, WhatCannotBeReadIsAFailure) {
  expect_error(run({"inspect", path("missing")}), 1, "no such folder");
  write_text(folder_ / "broken/a/1.png", "no picture");
  expect_error(run({"inspect", path("broken")}), 1, "none of its 1 picture can be read; the first: picture '");
  write_text(folder_ / "set/a.tar", std::string("\x1f\x8b") + std::string(1000, 'x'));
  expect_error(run({"inspect", path("set")}), 1, "is compressed (gzip); decompress it");
}

TEST_F(DataTest, PackSaysWhatItLeftOutAndRefusesToOverwrite) {
  write_text(folder_ / "pets/cat/broken.png", "no picture");
  const Outcome packed = run({"pack", path("pets"), "--out", path("shards")});
  expect_lines(packed, {"1 picture could not be read and was left out"});
  EXPECT_TRUE(packed.complains("cat/broken.png")) << packed.err;
  expect_error(run({"pack", path("pets"), "--out", path("shards")}), 1,
               "is not empty; give another one, or --overwrite");
  EXPECT_EQ(run({"pack", path("pets"), "--out", path("shards"), "--overwrite", "--shard-megabytes", "1"}).code, 0);
  expect_error(run({"pack", path("shards"), "--out", path("again")}), 1, "holds no picture");
}

// Inspect says it on standard output, the others in warnings, all in the same words.
TEST_F(DataTest, WhatIsNotUsedIsToldAlikeByInspectAndPack) {
  for (const char* name : {"cat/a.svg", "cat/b.jxl", "dog/c.svg"})
    write_text(folder_ / (std::string("pets/") + name), "x");
  write_picture(folder_ / "pets/loose.png", marked_picture(6, 1));
  const std::string formats = "3 pictures in formats that are not read: 2 .svg, 1 .jxl";
  const std::string loose = "1 picture beside the class folders: 'loose.png'";
  expect_lines(run({"inspect", path("pets")}), {"  not used    " + formats, "              " + loose});
  const Outcome packed = run({"pack", path("pets"), "--out", path("shards")});
  for (const std::string& line : {formats, loose}) {
    EXPECT_TRUE(packed.complains("warning: data set '" + path("pets") + "': not used: " + line)) << packed.err;
  }
}

TEST_F(DataTest, InspectSaysWhatIsDoneWithPictures) {
  std::filesystem::create_directories(folder_ / "photos");
  std::filesystem::copy("tests/image/data/exif_rotated.jpg", folder_ / "photos/0.jpg");
  write_text(folder_ / "photos/0.txt", "a photo");
  std::filesystem::copy("tests/image/data/grey16.png", folder_ / "photos/1.png");
  expect_lines(
      run({"inspect", path("photos")}),
      {"  classes     1: picture", "  captions    1: no language 1",
       "              1 picture has none, which is the null condition",
       "  treated     1 of 2 pictures has an EXIF orientation, which is ignored: data.orientation exif follows it",
       "              1 of 2 pictures is grey of 16 bits, clipped to 8 as Pillow does: what is above 255 turns white",
       "              1 of 2 pictures is grey and counts as colour whose channels are equal"});
}

TEST_F(DataTest, PackCutsSquares) {
  const Outcome packed = run({"pack", path("pets"), "--out", path("squares"), "--crop", "5", "--background", "1,2,3"});
  EXPECT_EQ(packed.code, 0) << packed.err;
  expect_lines(run({"inspect", path("squares")}), {"  classes     2: cat, dog", "  sizes       all 5 x 5"});
  for (const char* colour : {"1,2", "1,2,256", "1,2,3,4", "red"}) {
    expect_error(run({"pack", path("pets"), "--out", path("x"), "--crop", "5", "--background", colour}), 2,
                 "--background");
  }
  expect_error(run({"pack", path("pets"), "--out", path("x"), "--background", "1,2,3"}), 2, "--crop");
  expect_error(run({"pack", path("pets"), "--out", path("pets/x"), "--overwrite"}), 1,
               "lies in the folder that is packed");
}

TEST_F(DataTest, InspectTakesPatternsOfShards) {
  for (const char* name : {"s/00.tar", "s/01.tar"}) {
    write_text(folder_ / name, tar_sample("1", 1, "{}") + std::string(1024, '\0'));
  }
  for (const char* pattern : {"s/{00..01}.tar", "s/*.tar", "s/{00..02}.tar"}) {
    const Outcome seen = run({"inspect", path(pattern)});
    EXPECT_TRUE(seen.out.starts_with(path(pattern) + ": 2 pictures, ")) << seen.out << seen.err;
  }
  expect_error(run({"inspect", path("s/{10..12}.tar")}), 1, "none of the 3 shards that it names is there");
}

TEST_F(DataTest, WrongUsageIsTwo) {
  expect_error(run({}), 2, "subcommand");
  expect_error(run({"inspekt", path("pets")}), 2, "did you mean inspect?");
  expect_error(run({"inspect"}), 2, "path");
  expect_error(run({"pack", path("pets")}), 2, "--out");
  expect_error(run({"pack", path("pets"), "--out", path("x"), "--shard-megabytes", "0"}), 2, "--shard-megabytes");
  expect_error(run({"inspect", path("pets"), "--threads", "0"}), 2, "--threads");
  expect_error(run({"inspect", path("pets"), "--stylez"}), 2, "unexpected '--stylez'");
  const Outcome help = run({"pack", "--help"});
  EXPECT_EQ(help.code, 0);
  for (const char* flag :
       {"--out", "--shard-megabytes", "--crop", "--background", "--exif", "--styles", "--overwrite", "--threads"}) {
    EXPECT_TRUE(help.says(std::string("\n  ") + flag + " ")) << flag;
  }
  EXPECT_TRUE(program_({"--help"}).says("data"));
}

}  // namespace
}  // namespace pixnerd::cli
