#include "eval/pictures.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "core/errors.h"
#include "core/text.h"
#include "image/codec.h"
#include "tests/core/thrown.h"
#include "tests/data/npz_file.h"
#include "tests/data/tars.h"

namespace pixnerd::eval {
namespace {

image::Image plain(int width, int height, uint8_t value) {
  image::Image picture = image::blank(width, height);
  std::fill(picture.rgb.begin(), picture.rgb.end(), value);
  return picture;
}

class PicturesTest : public testing::Test {
 protected:
  void write(const std::string& name, const image::Image& picture) const {
    std::filesystem::create_directories((folder_ / name).parent_path());
    image::write_png(folder_ / name, picture);
  }
  void write_npz(const std::string& descr, const std::string& shape, const std::string& bytes) const {
    data::write_zip(folder_ / "a.npz", {{"arr_0.npy", data::npy(descr, shape, bytes)}});
  }
  std::string refused(const std::string& name) const {
    return thrown<DataError>([&] {
      const auto pictures = pictures_at(name.empty() ? folder_.path() : folder_ / name);
      while (pictures->next(3).size(0) > 0) {
      }
    });
  }

  TemporaryFolder folder_;
};

std::string warnings_of(const Pictures& pictures) {
  return join(pictures.warnings(), "\n");
}

TEST_F(PicturesTest, OfAFolderComeOnceEachInBatches) {
  for (int i = 0; i < 5; ++i) write(concat(i % 2 == 0 ? "cat/" : "", i, ".png"), plain(4, 3, static_cast<uint8_t>(i)));
  std::ofstream(folder_ / "notes.txt") << "no picture";
  const auto pictures = pictures_at(folder_.path());
  EXPECT_EQ(pictures->size(), 5);
  EXPECT_EQ(pictures->height(), 3);
  EXPECT_EQ(pictures->width(), 4);
  const at::Tensor first = pictures->next(3), second = pictures->next(3);
  EXPECT_EQ(first.sizes(), at::IntArrayRef({3, 3, 4, 3}));
  EXPECT_EQ(second.size(0), 2);
  EXPECT_EQ(pictures->next(3).size(0), 0);
  const at::Tensor values = std::get<0>(at::cat({first, second}).flatten(1).amax(1).sort());
  EXPECT_TRUE(values.to(at::kLong).equal(at::arange(5)));
}

TEST_F(PicturesTest, OfAnNpzComeInItsOrder) {
  std::string bytes;
  for (int i = 0; i < 2 * 2 * 1 * 3; ++i) bytes += static_cast<char>(i);
  write_npz("|u1", "(2, 2, 1, 3)", bytes);
  const auto pictures = pictures_at(folder_ / "a.npz");
  EXPECT_EQ(pictures->width(), 1);
  const at::Tensor all = pictures->next(10);
  EXPECT_TRUE(all.flatten().to(at::kLong).equal(at::arange(12)));
}

TEST_F(PicturesTest, OfSeveralSizesAreRefused) {
  write("a.png", plain(4, 4, 0));
  write("b.png", plain(4, 5, 0));
  const std::string message = refused("");
  EXPECT_NE(message.find("'b.png' has 4x5 pixels, 'a.png' 4x4"), std::string::npos) << message;
}

TEST_F(PicturesTest, ThatCannotBeReadAreRefusedByName) {
  write("a.png", plain(4, 4, 0));
  std::ofstream(folder_ / "b.png") << "no picture";
  EXPECT_NE(refused("").find("b.png"), std::string::npos);
}

TEST_F(PicturesTest, OfEveryFormatAreJudged) {
  for (const char* name : {"palette.gif", "interlaced.gif"})
    std::filesystem::copy("tests/image/data/" + std::string(name), folder_ / name);
  EXPECT_EQ(pictures_at(folder_.path())->size(), 2);
}

TEST_F(PicturesTest, WhatHoldsNoneIsRefused) {
  EXPECT_NE(refused("").find("holds no picture"), std::string::npos);
  EXPECT_NE(refused("missing").find("there is no file or folder"), std::string::npos);
  std::ofstream(folder_ / "a.txt") << "text";
  EXPECT_NE(refused("a.txt").find("holds no pictures that can be judged"), std::string::npos);
  write_npz("<f4", "(1, 1, 1, 3)", std::string(12, '\0'));
  EXPECT_NE(refused("a.npz").find("has the type f4 and the shape [1, 1, 1, 3]"), std::string::npos);
  write_npz("|u1", "(1, 3, 2, 2)", std::string(12, '\0'));
  EXPECT_NE(refused("a.npz").find("[N, height, width, 3]"), std::string::npos);
  write_npz("|u1", "(0, 2, 2, 3)", "");
  EXPECT_NE(refused("a.npz").find("shape [0, 2, 2, 3]"), std::string::npos);
}

// A PNG of 2x1 pixels, colour with alpha: (10, 20, 30, 128), (40, 50, 60, 0).
std::string transparent_png() {
  const unsigned char bytes[] = {
      0x89, 0x50, 0x4e, 0x47, 0xd,  0xa,  0x1a, 0xa,  0x0,  0x0,  0x0,  0xd,  0x49, 0x48, 0x44, 0x52, 0x0, 0x0,  0x0,
      0x2,  0x0,  0x0,  0x0,  0x1,  0x8,  0x6,  0x0,  0x0,  0x0,  0xf4, 0x22, 0x7f, 0x8a, 0x0,  0x0,  0x0, 0x11, 0x49,
      0x44, 0x41, 0x54, 0x78, 0x9c, 0x63, 0xe0, 0x12, 0x91, 0x6b, 0xd0, 0x30, 0xb2, 0x61, 0x0,  0x0,  0x5, 0xc7, 0x1,
      0x53, 0x62, 0xa4, 0x44, 0xbb, 0x0,  0x0,  0x0,  0x0,  0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82};
  return {reinterpret_cast<const char*>(bytes), sizeof(bytes)};
}

TEST_F(PicturesTest, AlphaIsDroppedAndWarnedOf) {
  std::filesystem::create_directory(folder_ / "pictures");
  std::ofstream(folder_ / "pictures/a.png", std::ios::binary) << transparent_png();
  std::ofstream(folder_ / "shard.tar", std::ios::binary)
      << data::tar_entry("a.png", transparent_png()) << std::string(1024, '\0');
  for (const char* name : {"pictures", "shard.tar"}) {
    const auto pictures = pictures_at(folder_ / name);
    const at::Tensor batch = pictures->next(1);
    EXPECT_TRUE(batch.flatten().to(at::kLong).equal(at::tensor({10, 20, 30, 40, 50, 60}, at::kLong))) << name;
    const std::string warned = warnings_of(*pictures);
    EXPECT_NE(warned.find("1 of 1 picture "), std::string::npos) << name << ": " << warned;
    EXPECT_NE(warned.find("alpha"), std::string::npos) << name << ": " << warned;
  }
}

// A PNG of 2x1 grey pixels, 7 and 200.
TEST_F(PicturesTest, GreyCountsAsColour) {
  const unsigned char png[] = {0x89, 0x50, 0x4e, 0x47, 0xd,  0xa,  0x1a, 0xa,  0x0,  0x0,  0x0,  0xd,  0x49, 0x48,
                               0x44, 0x52, 0x0,  0x0,  0x0,  0x2,  0x0,  0x0,  0x0,  0x1,  0x8,  0x0,  0x0,  0x0,
                               0x0,  0xd1, 0x49, 0x20, 0x56, 0x0,  0x0,  0x0,  0xb,  0x49, 0x44, 0x41, 0x54, 0x78,
                               0x9c, 0x63, 0x60, 0x3f, 0x1,  0x0,  0x0,  0xd9, 0x0,  0xd0, 0xd7, 0xa6, 0x22, 0x3c,
                               0x0,  0x0,  0x0,  0x0,  0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82};
  std::ofstream(folder_ / "a.png", std::ios::binary).write(reinterpret_cast<const char*>(png), sizeof(png));
  const auto pictures = pictures_at(folder_.path());
  const at::Tensor batch = pictures->next(1);
  EXPECT_TRUE(batch.flatten().to(at::kLong).equal(at::tensor({7, 7, 7, 200, 200, 200}, at::kLong)));
  EXPECT_NE(warnings_of(*pictures).find("1 of 1 picture "), std::string::npos) << warnings_of(*pictures);
  EXPECT_NE(warnings_of(*pictures).find("grey"), std::string::npos) << warnings_of(*pictures);
}

TEST_F(PicturesTest, WhatIsNotUsedIsToldOf) {
  write("a/a.png", plain(4, 3, 1));
  write("a/.ipynb_checkpoints/a.png", plain(4, 3, 1));
  EXPECT_EQ(pictures_at(folder_.path())->size(), 1);
  for (const char* name : {"a/b.SVG", "a/._a.png"}) std::ofstream(folder_ / name) << "no picture that is read";
  const std::string told = warnings_of(*pictures_at(folder_.path()));
  EXPECT_NE(told.find("not used: 1 picture in formats that are not read: 1 .svg"), std::string::npos) << told;
  EXPECT_NE(told.find("not used: 2 hidden pictures: 1 ._* of macOS, 1 in .ipynb_checkpoints"), std::string::npos)
      << told;

  const std::string broken = data::tar_entry("b.json", "{}") + data::tar_entry("a.png", transparent_png());
  std::filesystem::create_directory(folder_ / "shards");
  std::ofstream(folder_ / "shards/shard.tar", std::ios::binary) << broken.substr(0, broken.size() - 300);
  std::ofstream(folder_ / "shards/whole.tar", std::ios::binary)
      << data::tar_entry("a.png", transparent_png()) << std::string(1024, '\0');
  write("shards/loose.png", plain(4, 3, 1));
  const auto shards = pictures_at(folder_ / "shards");
  EXPECT_EQ(shards->size(), 1);
  EXPECT_NE(warnings_of(*shards).find("1 picture beside the shards: 'loose.png'"), std::string::npos)
      << warnings_of(*shards);
  EXPECT_NE(warnings_of(*shards).find("cannot be read"), std::string::npos) << warnings_of(*shards);
}

TEST_F(PicturesTest, LinkedFoldersAreFollowed) {
  write("set/a/0.png", plain(4, 3, 1));
  write("store/1.png", plain(4, 3, 1));
  std::filesystem::create_directory_symlink(folder_ / "store", folder_ / "set/b");
  EXPECT_EQ(pictures_at(folder_ / "set")->size(), 2);
}

TEST_F(PicturesTest, ACropBringsThemToOneSize) {
  write("a.png", plain(6, 4, 7));
  write("b.png", plain(4, 9, 7));
  EXPECT_NE(refused("").find("--crop SIZE"), std::string::npos);
  const auto pictures = pictures_at(folder_.path(), {{}, 3});
  EXPECT_EQ(pictures->next(5).sizes(), at::IntArrayRef({2, 3, 3, 3}));
  EXPECT_EQ(pictures->width(), 3);
}

TEST_F(PicturesTest, PatternsChooseFoldersOrShards) {
  for (const char* name : {"cat-a/1.png", "cat-b/x/2.png", "dog/3.png", "4.png"}) write(name, plain(4, 3, 1));
  EXPECT_EQ(pictures_at(folder_.path())->size(), 4);
  EXPECT_EQ(pictures_at(folder_.path(), {{"cat-*"}})->size(), 2);
  EXPECT_EQ(pictures_at(folder_.path(), {{"cat-b", "dog"}})->size(), 2);
  const auto refused_include = [&](const std::filesystem::path& path, const std::string& pattern) {
    return thrown<ConfigError>([&] { pictures_at(path, {{pattern}, 0}); });
  };
  const std::string message = refused_include(folder_.path(), "dof");
  EXPECT_NE(message.find("fits 'dof'; did you mean 'dog'?"), std::string::npos) << message;

  std::filesystem::create_directory(folder_ / "shards");
  for (const char* name : {"a-0.tar", "a-1.tar", "b-0.tar"}) {
    std::ofstream(folder_ / "shards" / name, std::ios::binary)
        << data::tar_entry("a.png", transparent_png()) << std::string(1024, '\0');
  }
  EXPECT_EQ(pictures_at(folder_ / "shards", {{"a-*"}})->size(), 2);
  EXPECT_NE(refused_include(folder_ / "shards", "c*").find("no shard of"), std::string::npos);
  write_npz("|u1", "(1, 1, 1, 3)", std::string(3, '\0'));
  EXPECT_NE(refused_include(folder_ / "a.npz", "*").find("is an .npz"), std::string::npos);
}

}  // namespace
}  // namespace pixnerd::eval
