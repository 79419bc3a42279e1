#include "data/image_folder.h"

#include <sys/resource.h>

#include "tests/data/folders.h"

namespace pixnerd::data {
namespace {

using Names = std::vector<std::string>;

Names files_of(const ImageFolder& folder) {
  Names names;
  for (int64_t i = 0; i < folder.size(); ++i) {
    names.push_back(std::to_string(folder.label(i)) + " " + folder.name(i));
  }
  return names;
}

TEST(ImageFolder, ListsClassesAndFilesByTheirBytes) {
  TemporaryFolder folder;
  for (const char* name : {"b/10.png", "b/9.PNG", "B/x.jpeg", "\xc3\xa4/1.webp", "a/1.jpg"}) {
    write_text(folder / name, "");
  }
  const auto set = folder_at(folder.path());
  const ImageFolder& images = *set;
  EXPECT_EQ(images.classes(), (Names{"B", "a", "b", "\xc3\xa4"}));
  EXPECT_EQ(files_of(images), (Names{"0 B/x.jpeg", "1 a/1.jpg", "2 b/10.png", "2 b/9.PNG", "3 \xc3\xa4/1.webp"}));
}

TEST(ImageFolder, SaysWhatItLeavesOut) {
  TemporaryFolder folder;
  for (const char* name : {"a/1.png", "a/.hidden.png", "a/._1.png", "a/.ipynb_checkpoints/1-checkpoint.png",
                           "a/notes.md", "a/x.svg", "a/y.SVG", "b/z.jxl", "b/0.png", "top.png", ".git/4.png",
                           ".git/index", "other.tar", "none/readme.md", "a/lonely.txt"}) {
    write_text(folder / name, "");
  }
  CapturedLog log;
  DataConfig config;
  config.path = folder.path().string();
  const auto set = open_pictures(config);
  EXPECT_EQ(set->size(), 2);
  const Names lines = {"3 pictures in formats that are not read: 2 .svg, 1 .jxl",
                       "4 hidden pictures: 1 .*, 1 ._* of macOS, 1 in .git, 1 in .ipynb_checkpoints",
                       "1 picture beside the class folders: 'top.png'",
                       "1 archive beside the folders of pictures: 'other.tar'",
                       "1 folder without pictures and no class: none",
                       "3 other files: 2 .md, 1 .txt"};
  EXPECT_EQ(set->unused().lines(), lines);
  ASSERT_EQ(log.lines().size(), lines.size());
  EXPECT_EQ(log.lines()[0], "warning: data set '" + config.path + "': not used: " + lines[0]);
}

TEST(ImageFolder, ReadsFoldersInClassFoldersInTheOrderOfTheirPaths) {
  TemporaryFolder folder;
  for (const char* name :
       {"n01/images/0.png", "n01/images/more/2.png", "n01/images-b/1.png", "n01/z.png", "n02/a/b/3.png"}) {
    write_text(folder / name, "");
  }
  EXPECT_EQ(files_of(*folder_at(folder.path())), (Names{"0 n01/z.png", "0 n01/images/0.png", "0 n01/images-b/1.png",
                                                        "0 n01/images/more/2.png", "1 n02/a/b/3.png"}));
}

TEST(ImageFolder, AFlatFolderIsOneClass) {
  TemporaryFolder folder;
  for (const char* name : {"b.png", "a.jpg"}) write_text(folder / name, "");
  const auto set = folder_at(folder.path());
  EXPECT_EQ(files_of(*set), (Names{"0 a.jpg", "0 b.png"}));
  EXPECT_EQ(set->classes(), Names{"picture"});
  EXPECT_TRUE(set->unused().empty());
}

TEST(ImageFolder, LinksThatLeadBackAreReadOnce) {
  TemporaryFolder folder;
  write_text(folder / "set/a/1.png", "");
  write_text(folder / "set/b/2.png", "");
  std::filesystem::create_directory_symlink("..", folder / "set/a/up");
  std::filesystem::create_directory_symlink("../..", folder / "set/a/far");
  std::filesystem::create_directory_symlink(".", folder / "set/b/self");
  std::filesystem::create_directory_symlink("../b", folder / "set/a/other");
  const auto set = folder_at(folder / "set");
  EXPECT_EQ(files_of(*set), (Names{"0 a/1.png", "0 a/other/2.png", "1 b/2.png"}));
  EXPECT_EQ(set->unused().lines(), Names{"4 links to a folder that is read already, such as 'a/far'"});
}

TEST(ImageFolder, ClassFoldersGoBeforeShards) {
  TemporaryFolder folder;
  write_text(folder / "cat/1.png", "");
  write_text(folder / "0.tar", "");
  DataConfig config;
  config.path = folder.path().string();
  const auto set = open_pictures(config, Tell::nowhere);
  EXPECT_EQ(set->name(0), "cat/1.png");
  EXPECT_EQ(set->unused().lines(), Names{"1 archive beside the folders of pictures: '0.tar'"});
}

TEST(ImageFolder, FollowsLinksAndListsThoseThatLeadNowhere) {
  TemporaryFolder folder;
  write_text(folder / "store/1.png", "");
  std::filesystem::create_directories(folder / "set/b");
  std::filesystem::create_directory_symlink(folder / "store", folder / "set/a");
  std::filesystem::create_symlink(folder / "gone.png", folder / "set/b/2.png");
  EXPECT_EQ(files_of(*folder_at(folder / "set")), (Names{"0 a/1.png", "1 b/2.png"}));
}

TEST(ImageFolder, FoldersWithoutPicturesAreNoClasses) {
  TemporaryFolder folder;
  write_text(folder / "b/1.png", "");
  write_text(folder / "c/readme.txt", "");
  std::filesystem::create_directories(folder / "a");
  const auto set = folder_at(folder.path());
  const ImageFolder& images = *set;
  EXPECT_EQ(images.classes(), Names{"b"});
  EXPECT_EQ(images.label(0), 0);
  EXPECT_EQ(set->unused().lines().at(0), "2 folders without pictures and no class: a, c");
}

TEST(ImageFolder, RefusesWhatIsNoDataSetAndSaysHowOneLooks) {
  TemporaryFolder folder;
  write_text(folder / "file", "");
  write_text(folder / "empty/a/readme.txt", "");
  const auto message = [&](std::string_view name) { return error_of([&] { folder_at(folder / name); }); };
  expect_contains(message("missing"), "missing': no such folder");
  expect_contains(message("file"), "file' is no folder");
  expect_contains(message("empty"), "empty' holds no picture (PNG, ");
  write_text(folder / "zipped/set.zip", "");
  expect_contains(message("zipped"), "but 1 archive beside the folders of pictures: 'set.zip'");
  expect_contains(error_of([] { folder_at(""); }), "data.path is empty");
  for (const char* name : {"missing", "file", "empty"}) {
    expect_contains(message(name),
                    "a data set is a folder of pictures, or one with a folder of pictures for each class");
  }
}

TEST(ImageFolder, WhatTheSystemRefusesIsAnErrorWithItsReason) {
  TemporaryFolder folder;
  write_text(folder / "a/1.png", "");
  expect_contains(error_of([] { folder_at(std::string(300, 'x')); }), "File name too long");

  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit no_files{0, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &no_files), 0);
  const std::string message = error_of([&] { folder_at(folder.path()); });
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  expect_contains(message, folder.path().string() + "' cannot be listed: Too many open files");
}

TEST(ImageFolder, TakesTheIncludedClassesOnly) {
  TemporaryFolder folder;
  for (const char* name : {"cat/1.png", "dog/1.png", "duck/1.png"}) write_text(folder / name, "");
  DataConfig config;
  config.include = {"d*", "c?t"};
  EXPECT_EQ(folder_at(folder.path(), config)->classes(), (Names{"cat", "dog", "duck"}));
  config.include = {"du*"};
  EXPECT_EQ(files_of(*folder_at(folder.path(), config)), (Names{"0 duck/1.png"}));
  config.include = {"d*", "dof"};
  const std::string message = error_of<ConfigError>([&] { folder_at(folder.path(), config); });
  expect_contains(message, "no class folder of '" + folder.path().string() + "' fits 'dof'; did you mean 'dog'?");
}

TEST(ImageFolder, StylesAreTheNamesOfFiles) {
  TemporaryFolder folder;
  for (const char* name : {"cat/round.png", "cat/flat.webp", "dog/round.jpg"}) write_text(folder / name, "");
  EXPECT_TRUE(folder_at(folder.path())->styles().empty());
  DataConfig config;
  config.styles = true;
  const auto set = folder_at(folder.path(), config);
  EXPECT_EQ(set->styles(), (Names{"flat", "round"}));
  EXPECT_EQ(set->name(0), "cat/flat.webp");
  EXPECT_EQ(set->style(0), 0);
  EXPECT_EQ(set->style(1), 1);
  EXPECT_EQ(set->style(2), 1);
}

TEST(ImageFolder, AnIndexOutOfRangeIsNoPicture) {
  TemporaryFolder folder;
  write_text(folder / "a/1.png", "");
  const auto set = folder_at(folder.path());
  const ImageFolder& images = *set;
  EXPECT_THROW(images.name(1), std::out_of_range);
  EXPECT_THROW(images.label(-1), std::out_of_range);
}

}  // namespace
}  // namespace pixnerd::data
