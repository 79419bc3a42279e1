#include "sample/output.h"

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <span>

#include "checkpoint/zip_file.h"
#include "core/errors.h"
#include "image/codec.h"
#include "sample/folder_output.h"
#include "tests/checkpoint/files.h"
#include "tests/core/full_disk.h"

namespace pixnerd::sample {
namespace {

using image::Image;

// A picture of one level everywhere.
Image plain(uint8_t level, int width = 6, int height = 4) {
  Image picture = image::blank(width, height);
  std::fill(picture.rgb.begin(), picture.rgb.end(), level);
  return picture;
}

OutputPlan plan_for(int64_t pictures, int64_t columns = 2) {
  return {.pictures = pictures, .width = 6, .height = 4, .columns = columns};
}

Written write(const std::filesystem::path& path, const OutputPlan& plan) {
  const auto output = open_output(path, plan);
  for (int64_t i = 0; i < plan.pictures; ++i) output->put(i, plain(static_cast<uint8_t>(i + 1)));
  return output->finish();
}

template <class E>
std::string error_of(const std::filesystem::path& path, const OutputPlan& plan) {
  try {
    open_output(path, plan);
  } catch (const E& error) {
    return error.what();
  }
  ADD_FAILURE() << "no error was thrown for " << path;
  return "";
}

class OutputTest : public testing::Test {
 protected:
  TemporaryFolder folder_;
};

TEST_F(OutputTest, APathInPngIsAGrid) {
  const auto path = folder_ / "grid.PNG";
  const Written first = write(path, plan_for(3));
  EXPECT_EQ(first.pictures, 3);
  EXPECT_EQ(first.replaced, 0);
  EXPECT_EQ(first.columns, 2);
  const Image grid = image::read_image(path);
  EXPECT_EQ(grid.width, 2 * (6 + 2) + 2);
  EXPECT_EQ(grid.height, 2 * (4 + 2) + 2);
  EXPECT_EQ(grid.row(2)[2 * 3], 1);
  EXPECT_EQ(grid.row(2)[(2 + 6 + 2) * 3], 2);
  EXPECT_EQ(grid.row(2 + 4 + 2)[2 * 3], 3);
  EXPECT_NE(error_of<RequestError>(path, plan_for(3)).find("--overwrite"), std::string::npos);
  OutputPlan over = plan_for(3);
  over.overwrite = true;
  EXPECT_EQ(write(path, over).replaced, 1);
}

TEST_F(OutputTest, PicturesOfAGridStandInTheirPlacesHoweverTheyCome) {
  const auto output = open_output(folder_ / "grid.png", plan_for(2));
  output->put(1, plain(2, 4, 2));
  output->put(0, plain(1));
  EXPECT_EQ(output->finish().pictures, 2);
  const Image grid = image::read_image(folder_ / "grid.png");
  EXPECT_EQ(grid.row(4)[4 * 3], 1);
  EXPECT_EQ(grid.row(4)[(2 + 6 + 4) * 3], 2);
}

TEST_F(OutputTest, WhatIsReadIsNeverReplaced) {
  const auto input = folder_ / "input.bin";
  checkpoint::write_whole(input, "weights");
  OutputPlan plan = plan_for(2);
  plan.overwrite = true;
  plan.record = [](int64_t) { return PictureRecord{}; };
  plan.inputs.add(input);
  std::filesystem::create_directories(folder_ / "many");
  for (const char* name : {"grid.png", "all.npz", "many/00001.png", "many/manifest.jsonl"}) {
    for (const bool hard : {true, false}) {
      hard ? std::filesystem::create_hard_link(input, folder_ / name)
           : std::filesystem::create_symlink(input, folder_ / name);
      const auto out = name[0] == 'm' ? folder_ / "many" : folder_ / name;
      EXPECT_NE(error_of<RequestError>(out, plan).find("would replace what is read"), std::string::npos) << name;
      EXPECT_EQ(checkpoint::read_whole(input), "weights");
      std::filesystem::remove(folder_ / name);
    }
  }
  // A folder stands for what is in it.
  checkpoint::write_whole(folder_ / "many/owl.png", "x");
  OutputPlan from_folder = plan_for(1);
  from_folder.overwrite = true;
  from_folder.inputs.add(folder_ / "many");
  error_of<RequestError>(folder_ / "many", from_folder);
  error_of<RequestError>(folder_ / "many/owl.png", from_folder);
  EXPECT_NO_THROW(open_output(folder_ / "many/new.png", from_folder));
}

TEST_F(OutputTest, OneAtATimeWritesToAPath) {
  for (const char* name : {"grid.png", "all.npz", "many"}) {
    OutputPlan plan = plan_for(1);
    plan.overwrite = true;
    {
      const auto first = open_output(folder_ / name, plan);
      std::filesystem::create_directory_symlink(folder_.path(), folder_ / "link");
      for (const auto& path : {folder_ / name, folder_ / "link" / name}) {
        EXPECT_NE(error_of<RequestError>(path, plan).find("another process"), std::string::npos) << path;
      }
      std::filesystem::remove(folder_ / "link");
      EXPECT_NO_THROW(open_output(folder_ / "other.png", plan));
    }
    EXPECT_NO_THROW(open_output(folder_ / name, plan));
  }
}

TEST_F(OutputTest, WhatTheDiskCannotHoldIsFoundBeforeTheWork) {
  OutputPlan plan{.pictures = 1'000'000'000, .width = 4096, .height = 4096};
  EXPECT_NE(error_of<DataError>(folder_ / "all.npz", plan).find("are to be written"), std::string::npos);
  EXPECT_NE(error_of<DataError>(folder_ / "many", plan).find("are to be written"), std::string::npos);
}

TEST_F(OutputTest, AGridMayHaveLabels) {
  OutputPlan plan = plan_for(3);
  plan.labels = {{"fox", ""}, {"owl", "noto"}, {"red panda", ""}};
  write(folder_ / "grid.png", plan);
  const Image grid = image::read_image(folder_ / "grid.png");
  EXPECT_EQ(grid.width, 2 * (99 + 8) + 8);
  EXPECT_EQ(grid.row(8)[(8 + (99 - 6) / 2) * 3], 1);
  EXPECT_EQ(grid.row(8)[(8 + 99 + 8 + (99 - 6) / 2) * 3], 2);
}

TEST_F(OutputTest, LabelsThatCannotBeAreFoundBeforeTheWork) {
  OutputPlan plan = plan_for(2);
  plan.labels = {{"fox", ""}, {"owl", ""}};
  EXPECT_NE(error_of<RequestError>(folder_ / "pictures", plan).find(".png"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "pictures"));
  plan.pictures = 3;
  EXPECT_NE(error_of<DataError>(folder_ / "grid.png", plan).find("2 labels for 3 pictures"), std::string::npos);
}

TEST_F(OutputTest, AnyOtherPathIsAFolder) {
  const auto path = folder_ / "new";
  const Written written = write(path / "deep", plan_for(3));
  EXPECT_EQ(written.pictures, 3);
  EXPECT_EQ(written.columns, 0);
  EXPECT_EQ(image::read_image(path / "deep" / "00002.png").rgb, plain(3).rgb);
  EXPECT_FALSE(std::filesystem::exists(path / "deep" / "00003.png"));
}

TEST_F(OutputTest, PicturesOfAFolderAppearAsTheyCome) {
  const auto output = open_output(folder_ / "pictures", plan_for(2));
  output->put(0, plain(9));
  EXPECT_EQ(image::read_image(folder_ / "pictures/00000.png").rgb, plain(9).rgb);
}

TEST_F(OutputTest, AFolderThatIsNotEmptyIsRefusedUnlessOverwritten) {
  const auto path = folder_ / "pictures";
  write(path, plan_for(2));
  std::ofstream(path / "notes.txt") << "mine";
  EXPECT_NE(error_of<RequestError>(path, plan_for(1)).find("--overwrite"), std::string::npos);

  OutputPlan plan = plan_for(3);
  plan.overwrite = true;
  const Written written = write(path, plan);
  EXPECT_EQ(written.pictures, 3);
  EXPECT_EQ(written.replaced, 2);
  EXPECT_EQ(written.others, 1);
  EXPECT_TRUE(std::filesystem::exists(path / "notes.txt"));
}

TEST_F(OutputTest, AnEmptyFolderIsUsed) {
  std::filesystem::create_directory(folder_ / "empty");
  EXPECT_EQ(write(folder_ / "empty", plan_for(1)).replaced, 0);
}

TEST_F(OutputTest, WhatStandsInTheWayIsFoundBeforeTheWork) {
  std::ofstream(folder_ / "file") << "x";
  EXPECT_NE(error_of<RequestError>(folder_ / "file", plan_for(1)).find("is a file"), std::string::npos);
  EXPECT_NE(error_of<DataError>(folder_ / "file/below.png", plan_for(1)).find("/file'"), std::string::npos);
  EXPECT_NE(error_of<DataError>(folder_ / "file/below", plan_for(1)).find("below"), std::string::npos);
  std::filesystem::create_directory(folder_ / "folder.png");
  EXPECT_NE(error_of<RequestError>(folder_ / "folder.png", plan_for(1)).find("a folder"), std::string::npos);
  std::filesystem::create_directories(folder_ / "full/00001.png");
  OutputPlan plan = plan_for(2);
  plan.overwrite = true;
  EXPECT_NE(error_of<RequestError>(folder_ / "full", plan).find("00001.png"), std::string::npos);
}

// The members of a zip file, by name.
std::map<std::string, std::string> members_of(const std::filesystem::path& path) {
  const std::string file = checkpoint::read_whole(path);
  std::map<std::string, std::string> members;
  for (const auto& member : checkpoint::parse_zip(std::as_bytes(std::span(file)), "x.npz")) {
    members.emplace(member.name, std::string(reinterpret_cast<const char*>(member.data.data()), member.data.size()));
  }
  return members;
}

TEST_F(OutputTest, APathInNpzHoldsTwoArrays) {
  OutputPlan plan = plan_for(3);
  plan.classes = {7, 0, 1000};
  const Written written = write(folder_ / "new/batch.NPZ", plan);
  EXPECT_EQ(written.pictures, 3);
  EXPECT_EQ(written.replaced, 0);
  EXPECT_EQ(written.columns, 0);
  const auto members = members_of(folder_ / "new/batch.NPZ");
  ASSERT_EQ(members.size(), 2U);
  const std::string& pictures = members.at("arr_0.npy");
  EXPECT_EQ(pictures.size(), 128U + 3 * 4 * 6 * 3);
  EXPECT_NE(pictures.find("{'descr': '|u1', 'fortran_order': False, 'shape': (3, 4, 6, 3), }"), std::string::npos);
  EXPECT_EQ(pictures[127], '\n');
  EXPECT_EQ(pictures.substr(128 + 72, 72), std::string(72, '\2'));
  const std::string& classes = members.at("arr_1.npy");
  EXPECT_NE(classes.find("'shape': (3,), }"), std::string::npos);
  EXPECT_EQ(classes.substr(classes.size() - 24), std::string("\7\0\0\0\0\0\0\0"
                                                             "\0\0\0\0\0\0\0\0"
                                                             "\xe8\3\0\0\0\0\0\0",
                                                             24));
}

TEST_F(OutputTest, PicturesWithoutClassesAreOneArray) {
  write(folder_ / "batch.npz", plan_for(2));
  EXPECT_EQ(members_of(folder_ / "batch.npz").size(), 1U);
}

TEST_F(OutputTest, AnNpzAppearsWhole) {
  {
    const auto output = open_output(folder_ / "batch.npz", plan_for(2));
    output->put(0, plain(1));
    EXPECT_FALSE(std::filesystem::exists(folder_ / "batch.npz"));
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
}

TEST_F(OutputTest, AnNpzIsReplacedOnlyWhereThatIsSaid) {
  write(folder_ / "batch.npz", plan_for(2));
  OutputPlan plan = plan_for(1);
  EXPECT_NE(error_of<RequestError>(folder_ / "batch.npz", plan).find("--overwrite"), std::string::npos);
  plan.overwrite = true;
  EXPECT_EQ(write(folder_ / "batch.npz", plan).replaced, 1);
  plan.labels = {{"fox", ""}};
  EXPECT_NE(error_of<RequestError>(folder_ / "batch.npz", plan).find("only a grid"), std::string::npos);
}

TEST_F(OutputTest, AFullDiskIsFoundAtThePictureThatDoesNotFit) {
  OutputPlan plan{.pictures = 4, .width = 512, .height = 512};
  const auto output = open_output(folder_ / "batch.npz", plan);
  const FullDisk disk(1 << 20);
  output->put(0, plain(1, 512, 512));
  EXPECT_THROW(output->put(1, plain(1, 512, 512)), DataError);
}

// Pictures of the same settings, which differ in their seeds.
OutputPlan recorded_plan(int64_t pictures) {
  OutputPlan plan = plan_for(pictures);
  plan.record = [](int64_t index) {
    PictureRecord record;
    record.label = 3;
    record.seed = static_cast<uint64_t>(index);
    return record;
  };
  return plan;
}

TEST_F(OutputTest, AnNpzThatADiskWasTooSmallForGoesOnAndTakesPicturesInAnyOrder) {
  write(folder_ / "whole.npz", recorded_plan(4));
  OutputPlan plan = recorded_plan(4);
  {
    const auto output = open_output(folder_ / "batch.npz", plan);
    output->put(2, plain(3));
    const FullDisk disk(100);
    EXPECT_THROW(output->put(0, plain(1)), DataError);
  }
  EXPECT_NE(error_of<RequestError>(folder_ / "batch.npz", plan).find("1 of 4 pictures"), std::string::npos);
  plan.resume = true;
  const auto output = open_output(folder_ / "batch.npz", plan);
  EXPECT_EQ(output->is_there(), std::vector<bool>({false, false, true, false}));
  for (const int64_t index : {3, 0, 1}) output->put(index, plain(static_cast<uint8_t>(index + 1)));
  const Written written = output->finish();
  EXPECT_EQ(written.pictures, 4);
  EXPECT_EQ(written.kept, 1);
  EXPECT_EQ(checkpoint::read_whole(folder_ / "batch.npz"), checkpoint::read_whole(folder_ / "whole.npz"));
}

TEST_F(OutputTest, WhatIsUnfinishedDoesNotReplaceAnNpzThatIsThere) {
  write(folder_ / "batch.npz", recorded_plan(2));
  const std::string before = checkpoint::read_whole(folder_ / "batch.npz");
  OutputPlan plan = recorded_plan(3);
  plan.overwrite = true;
  open_output(folder_ / "batch.npz", plan)->put(0, plain(1));
  EXPECT_EQ(checkpoint::read_whole(folder_ / "batch.npz"), before);
  plan.overwrite = false;
  plan.resume = true;
  EXPECT_NE(error_of<RequestError>(folder_ / "batch.npz", plan).find("move it away to go on with"), std::string::npos);
  std::filesystem::rename(folder_ / "batch.npz", folder_ / "old.npz");
  EXPECT_EQ(open_output(folder_ / "batch.npz", plan)->is_there(), std::vector<bool>({true, false, false}));
}

TEST_F(OutputTest, AnNpzThatHasNoPictureYetLeavesNothing) {
  open_output(folder_ / "batch.npz", recorded_plan(4));
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
}

TEST_F(OutputTest, OtherFormatsAreRefused) {
  for (const char* name : {"a.jpg", "a.JPEG", "a.jfif", "a.gif", "a.bmp", "a.tif", "a.TIFF", "a.avif", "a.heic",
                           "a.webp", "a.npy", "b.png.gif"}) {
    const std::string message = error_of<RequestError>(folder_ / name, plan_for(1));
    EXPECT_NE(message.find(".png"), std::string::npos) << message;
    EXPECT_FALSE(std::filesystem::exists(folder_ / name));
  }
  EXPECT_NE(error_of<RequestError>("", plan_for(1)).find("empty"), std::string::npos);
}

TEST_F(OutputTest, AGridTooLargeForOnePictureIsRefused) {
  OutputPlan plan = plan_for(5'000, 70);
  plan.width = plan.height = 256;
  EXPECT_NE(error_of<RequestError>(folder_ / "grid.png", plan).find("too large"), std::string::npos);
  EXPECT_NO_THROW(open_output(folder_ / "pictures", plan));
}

TEST_F(OutputTest, LabelsCountInTheSizeOfAGrid) {
  // 8 x 6 pixels a picture, but 107 x 28 with its label.
  OutputPlan plan = plan_for(1'000'000, 1000);
  EXPECT_NO_THROW(open_output(folder_ / "grid.png", plan));
  plan.labels.assign(1'000'000, {"x", ""});
  EXPECT_NE(error_of<RequestError>(folder_ / "grid.png", plan).find("too large"), std::string::npos);
}

TEST_F(OutputTest, AGridThatIsTooLargeOnlyWithItsFrameIsRefused) {
  // With padding on one side only it would be as large as a picture can be.
  OutputPlan plan = plan_for(1, 1);
  plan.width = plan.height = 16382;
  EXPECT_NE(error_of<RequestError>(folder_ / "grid.png", plan).find("too large"), std::string::npos);
  plan.width = plan.height = 16380;
  EXPECT_NO_THROW(open_output(folder_ / "grid.png", plan));
}

TEST(OutputKindTest, GoesByTheEnding) {
  for (const char* path : {"a/b.png", "b.PNG"}) EXPECT_EQ(output_kind(path), OutputKind::grid) << path;
  EXPECT_EQ(output_kind("b.Npz"), OutputKind::arrays);
  for (const char* path : {"b", "b.png/", "b.png.txt", ".png", "run.v2"}) {
    EXPECT_EQ(output_kind(path), OutputKind::folder) << path;
  }
}

TEST(GridColumns, OneClassARowWhereItFits) {
  EXPECT_EQ(grid_columns(8, 8), 8);
  EXPECT_EQ(grid_columns(2, 10), 10);
  EXPECT_EQ(grid_columns(10, 4), 4);
}

TEST(GridColumns, ElseNearSquare) {
  EXPECT_EQ(grid_columns(1, 1), 1);
  EXPECT_EQ(grid_columns(1, 9), 3);
  EXPECT_EQ(grid_columns(1, 10), 4);
  EXPECT_EQ(grid_columns(16, 1), 4);
  EXPECT_EQ(grid_columns(3, 100), 18);  // rows of a hundred would be too wide
  EXPECT_EQ(grid_columns(100, 2), 16);  // a hundred rows of two too tall: eight classes a row
}

TEST(PictureName, HasFiveDigitsOrMore) {
  EXPECT_EQ(picture_name(7, 10), "00007.png");
  EXPECT_EQ(picture_name(99'999, 100'000), "99999.png");
  EXPECT_EQ(picture_name(7, 100'001), "000007.png");
}

PictureRecord record_of(int64_t index) {
  PictureRecord record;
  record.label = index;
  record.seed = 100 + index;
  return record;
}

TEST_F(OutputTest, EveryPictureSaysHowItWasMade) {
  OutputPlan plan = plan_for(3);
  plan.record = record_of;
  write(folder_ / "all.png", plan);
  EXPECT_EQ(read_records(folder_ / "all.png").size(), 3U);
  EXPECT_EQ(read_records(folder_ / "all.png")[2].seed, 102);

  write(folder_ / "many", plan);
  EXPECT_EQ(read_records(folder_ / "many" / "00001.png").at(0).seed, 101);
  const auto manifest = read_records(folder_ / "many" / "manifest.jsonl");
  ASSERT_EQ(manifest.size(), 3U);
  EXPECT_EQ(manifest[2].file, "00002.png");
  EXPECT_EQ(manifest[2].label, 2);
}

TEST_F(OutputTest, AManifestKeepsTheLinesOfPicturesThatStay) {
  OutputPlan plan = plan_for(3);
  plan.record = record_of;
  write(folder_ / "many", plan);
  plan.pictures = 2;
  plan.overwrite = true;
  plan.record = [](int64_t index) { return record_of(index + 50); };
  const Written written = write(folder_ / "many", plan);
  EXPECT_EQ(written.replaced, 2);
  EXPECT_EQ(written.others, 1);
  const auto manifest = read_records(folder_ / "many" / "manifest.jsonl");
  ASSERT_EQ(manifest.size(), 3U);
  EXPECT_EQ(manifest[0].file, "00002.png");
  EXPECT_EQ(manifest[0].seed, 102);
  EXPECT_EQ(manifest[1].seed, 150);
}

// The records of new pictures could not join it once they are drawn.
TEST_F(OutputTest, AFileThatIsNoManifestIsFoundBeforeTheWork) {
  checkpoint::write_whole(folder_ / "manifest.jsonl", "{\"a\": 1}\n");
  OutputPlan plan = plan_for(2);
  plan.overwrite = true;
  EXPECT_NO_THROW(open_output(folder_.path(), plan));  // nothing would be written into it
  plan.record = record_of;
  const std::string message = error_of<DataError>(folder_.path(), plan);
  for (const char* part : {"manifest.jsonl:1", "unknown key", "move"}) {
    EXPECT_NE(message.find(part), std::string::npos) << message;
  }
  checkpoint::write_whole(folder_ / "manifest.jsonl", "");
  EXPECT_NO_THROW(open_output(folder_.path(), plan));
}

TEST_F(OutputTest, PicturesOfAFolderMayHaveNamesOfTheirOwn) {
  OutputPlan plan = plan_for(3);
  plan.record = record_of;
  write(folder_ / "many", plan);
  plan.pictures = 2;
  plan.overwrite = true;
  plan.names = {"owl.png", "00001.png"};
  EXPECT_EQ(write(folder_ / "many", plan).replaced, 1);
  EXPECT_EQ(read_records(folder_ / "many" / "00001.png").at(0).seed, 101);
  EXPECT_EQ(read_records(folder_ / "many" / "owl.png").at(0).seed, 100);
  const auto manifest = read_records(folder_ / "many" / "manifest.jsonl");
  ASSERT_EQ(manifest.size(), 4U);
  EXPECT_EQ(manifest[2].file, "owl.png");
  for (const std::string bad : {"owl.png", "../owl.png", "/owl.png", "a/owl.png", "owl.jpg", "", ".."}) {
    plan.names = {"owl.png", bad};
    EXPECT_NE(error_of<RequestError>(folder_ / "many", plan).find("cannot name a picture"), std::string::npos) << bad;
  }
}

}  // namespace
}  // namespace pixnerd::sample
