#include "store/picture_folder.h"

#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <thread>
#include <vector>

#include "core/errors.h"
#include "core/text.h"
#include "core/uncommitted_file.h"
#include "tests/core/full_disk.h"
#include "tests/core/temporary_folder.h"
#include "tests/core/thrown.h"
#include "tests/store/other_user.h"

namespace pixnerd::store {
namespace {

namespace fs = std::filesystem;

// FIPS 180-2, appendix B.1.
constexpr const char* kHashOfAbc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

class PictureFolderTest : public testing::Test {
 protected:
  size_t files() const {
    size_t count = 0;
    for (const auto& each : fs::recursive_directory_iterator(folder_.path())) count += each.is_regular_file() ? 1 : 0;
    return count;
  }

  TemporaryFolder folder_;
  PictureFolder pictures_{folder_ / "deep" / "pictures"};
};

TEST(IsHash, KnowsSixtyFourSmallHexadecimalDigits) {
  EXPECT_TRUE(is_hash(kHashOfAbc));
  EXPECT_TRUE(is_hash(std::string(64, '0')));
  const std::string good(64, 'a');
  for (const std::string& bad :
       {std::string(), good.substr(1), good + "a", std::string(64, 'A'), std::string(64, 'g'), good.substr(1) + '\0',
        good.substr(1) + "\n", concat("../", good.substr(3)), good.substr(1) + " ", concat("0x", good.substr(2))}) {
    EXPECT_FALSE(is_hash(bad)) << bad;
  }
}

TEST_F(PictureFolderTest, NamesAFileByTheSha256OfItsBytes) {
  EXPECT_EQ(pictures_.put("abc", "png"), kHashOfAbc);
  EXPECT_TRUE(fs::is_regular_file(folder_ / "deep" / "pictures" / "ba" / (std::string(kHashOfAbc) + ".png")));
  EXPECT_EQ(pictures_.read(kHashOfAbc, "png"), "abc");
  EXPECT_EQ(PictureFolder(folder_ / "deep" / "pictures").read(kHashOfAbc, "png"), "abc");
}

TEST_F(PictureFolderTest, KeepsAnyBytes) {
  std::string bytes(100'000, '\0');
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 7 % 256);
  EXPECT_EQ(pictures_.read(pictures_.put(bytes, "webp"), "webp"), bytes);
  EXPECT_EQ(pictures_.read(pictures_.put("", "png"), "png"), "");
}

TEST_F(PictureFolderTest, TheSameBytesAreOneFile) {
  const std::string hash = pictures_.put("abc", "png");
  const fs::path path = folder_ / "deep" / "pictures" / "ba" / (hash + ".png");
  const auto written = fs::last_write_time(path);
  EXPECT_EQ(pictures_.put("abc", "png"), hash);
  EXPECT_EQ(files(), 1U);
  EXPECT_EQ(fs::last_write_time(path), written);
}

TEST_F(PictureFolderTest, WhatWasCutIsWrittenAnew) {
  const std::string hash = pictures_.put("abc", "png");
  fs::resize_file(folder_ / "deep" / "pictures" / "ba" / (hash + ".png"), 1);
  EXPECT_EQ(pictures_.put("abc", "png"), hash);
  EXPECT_EQ(pictures_.read(hash, "png"), "abc");
}

TEST_F(PictureFolderTest, RemovesWhatIsThere) {
  const std::string hash = pictures_.put("abc", "png");
  pictures_.put("abc", "webp");
  EXPECT_TRUE(pictures_.remove(hash, "png"));
  EXPECT_FALSE(pictures_.remove(hash, "png"));
  EXPECT_EQ(pictures_.read(hash, "png"), std::nullopt);
  EXPECT_EQ(pictures_.read(hash, "webp"), "abc");
  EXPECT_EQ(pictures_.put("abc", "png"), hash);
  EXPECT_EQ(pictures_.read(hash, "png"), "abc");
}

TEST_F(PictureFolderTest, NoNameLeadsOutOfIt) {
  std::ofstream(folder_ / "deep" / "secret.png") << "secret";
  for (const std::string& name : {std::string("../secret"), std::string("secret"), std::string(), std::string(64, '.'),
                                  (folder_ / "deep" / "secret").string()}) {
    EXPECT_EQ(pictures_.read(name, "png"), std::nullopt);
    EXPECT_FALSE(pictures_.remove(name, "png"));
  }
  const std::string hash = pictures_.put("abc", "png");
  for (const char* extension : {"", "PNG", ".png", "png/../x", "../../x", "verylongone"}) {
    EXPECT_EQ(pictures_.read(hash, extension), std::nullopt);
    EXPECT_FALSE(pictures_.remove(hash, extension));
    EXPECT_NE(thrown<RequestError>([&] { pictures_.put("abc", extension); }).find("extension"), std::string::npos);
  }
  EXPECT_TRUE(fs::exists(folder_ / "deep" / "secret.png"));
}

TEST_F(PictureFolderTest, AChangedFileIsTold) {
  const std::string hash = pictures_.put("abc", "png");
  std::ofstream(folder_ / "deep" / "pictures" / "ba" / (hash + ".png")) << "abd";
  EXPECT_NE(thrown<DataError>([&] { pictures_.read(hash, "png"); }).find("is damaged"), std::string::npos);
}

TEST_F(PictureFolderTest, AFullDiskLeavesNoFile) {
  const std::string large(10'000, 'x');
  {
    const FullDisk full(100);
    EXPECT_NE(thrown<DataError>([&] { pictures_.put(large, "png"); }).find("cannot write"), std::string::npos);
    EXPECT_EQ(files(), 0U);
    EXPECT_EQ(pictures_.read(hash_of_content(large), "png"), std::nullopt);
  }
  EXPECT_EQ(pictures_.read(pictures_.put(large, "png"), "png"), large);
}

TEST_F(PictureFolderTest, WhatAKilledProcessWroteIsNoPicture) {
  const std::string hash = pictures_.put("abc", "png");
  std::ofstream(folder_ / "deep" / "pictures" / "ba" / uncommitted_name(1, 1)) << "half";
  EXPECT_EQ(PictureFolder(folder_ / "deep" / "pictures").read(hash, "png"), "abc");
}

TEST_F(PictureFolderTest, AFolderThatCannotBeMadeOrWrittenIsToldAtOnce) {
  std::ofstream(folder_ / "file") << "x";
  EXPECT_NE(thrown<DataError>([&] { PictureFolder(folder_ / "file" / "pictures"); }).find("cannot make folder"),
            std::string::npos);
  const fs::path folder = folder_ / "deep" / "pictures";
  fs::permissions(folder, fs::perms(0555));
  fs::permissions(folder_.path(), fs::perms(0755));
  const OtherUser other;
  EXPECT_NE(thrown<DataError>([&] { PictureFolder{folder}; }).find("let this user write there"), std::string::npos);
}

TEST_F(PictureFolderTest, TellsWhatIsThere) {
  EXPECT_TRUE(pictures_.hashes("png").empty());
  std::set<std::string> put;
  for (int i = 0; i < 5; ++i) put.insert(pictures_.put(concat("picture ", i), "png"));
  const std::string other = pictures_.put("abc", "webp");
  const fs::path folder = folder_ / "deep" / "pictures";
  std::ofstream(folder / "ba" / uncommitted_name(1, 1)) << "half";
  std::ofstream(folder / "ba" / (std::string(64, 'c') + ".png")) << "where it does not belong";
  std::ofstream(folder / "notes.png") << "somebody's";
  const std::vector<std::string> found = pictures_.hashes("png");
  EXPECT_EQ(std::set<std::string>(found.begin(), found.end()), put);
  EXPECT_EQ(found.size(), put.size());
  EXPECT_EQ(pictures_.hashes("webp"), std::vector<std::string>{other});
  fs::remove_all(folder);
  EXPECT_NE(thrown<DataError>([&] { pictures_.hashes("png"); }).find("cannot read folder"), std::string::npos);
}

TEST_F(PictureFolderTest, WhatMayNotBeReadIsTold) {
  const std::string hash = pictures_.put("abc", "png");
  const fs::path file = folder_ / "deep" / "pictures" / "ba" / (hash + ".png");
  fs::permissions(folder_.path(), fs::perms(0755));
  fs::permissions(file, fs::perms(0));
  {
    const OtherUser other;
    EXPECT_NE(thrown<DataError>([&] { pictures_.read(hash, "png"); }).find("Permission denied"), std::string::npos);
  }
  fs::permissions(file.parent_path(), fs::perms(0));
  const OtherUser other;
  EXPECT_NE(thrown<DataError>([&] { pictures_.read(hash, "png"); }).find("Permission denied"), std::string::npos);
  EXPECT_NE(thrown<DataError>([&] { pictures_.remove(hash, "png"); }).find("Permission denied"), std::string::npos);
}

TEST_F(PictureFolderTest, ManyThreadsPutTheSame) {
  std::vector<std::thread> threads;
  std::vector<std::string> read(4);
  for (size_t i = 0; i < read.size(); ++i) {
    threads.emplace_back([&, i] {
      for (int round = 0; round < 10; ++round) {
        const std::string bytes = concat("picture ", round);
        read[i] += pictures_.read(pictures_.put(bytes, "png"), "png").value_or("none") == bytes ? "1" : "0";
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::string& each : read) EXPECT_EQ(each, std::string(10, '1'));
  EXPECT_EQ(files(), 10U);
}

}  // namespace
}  // namespace pixnerd::store
