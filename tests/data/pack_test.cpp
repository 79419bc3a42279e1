#include "data/pack.h"

#include <algorithm>
#include <chrono>
#include <map>

#include "core/file.h"
#include "data/pictures.h"
#include "data/shards.h"
#include "tests/data/tars.h"

namespace pixnerd::data {
namespace {

using Names = std::vector<std::string>;

class Steps : public Progress {
 public:
  void update(int64_t done, int64_t total, std::string_view) override {
    EXPECT_EQ(done, steps++);
    of = total;
  }
  int64_t steps = 0, of = 0;
};

class PackTest : public testing::Test {
 protected:
  ImageFolder images(bool styles = false) const {
    DataConfig config;
    config.path = (folder_ / "pets").string();
    config.styles = styles;
    return ImageFolder(config);
  }

  Shards shards(const std::string& name, bool styles = false) const {
    DataConfig config;
    config.path = (folder_ / name).string();
    config.styles = styles;
    return Shards(config);
  }

  PackSummary pack_into(const std::string& name, const PackOptions& options = {}, bool styles = false) {
    return pack(images(styles), folder_ / name, options, steps_);
  }

  std::string refusal(const std::string& name, const PackOptions& options = {}) {
    return error_of([&] { pack_into(name, options); });
  }

  void expect_lies_within(const std::string& name) {
    PackOptions options;
    options.overwrite = true;
    const std::string message = refusal(name, options);
    EXPECT_NE(message.find("lies in the folder that is packed"), std::string::npos) << message;
  }

  void write_pets() {
    int mark = 0;
    for (const char* name :
         {"dog/noto.png", "dog/flat.PNG", "cat/noto.png", "ein Hund \xc3\xa4/a.b c.png", "true/1.png"}) {
      write_picture(folder_ / (std::string("pets/") + name), marked_picture(6, ++mark));
    }
  }

  Names files(const std::string& name) const {
    Names names;
    for (const auto& entry : std::filesystem::directory_iterator(folder_ / name)) {
      names.push_back(entry.path().filename().string());
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  TemporaryFolder folder_;
  Steps steps_;
  CapturedLog log_;
};

void expect_equal(const PictureSet& a, const PictureSet& b) {
  ASSERT_EQ(a.size(), b.size());
  EXPECT_EQ(a.classes(), b.classes());
  EXPECT_EQ(a.styles(), b.styles());
  EXPECT_EQ(a.num_classes(), b.num_classes());
  for (int64_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a.label(i), b.label(i));
    EXPECT_EQ(a.style(i), b.style(i));
    EXPECT_EQ(a.read(i).rgb, b.read(i).rgb);
  }
}

TEST_F(PackTest, TheFolderThatIsPackedStaysAsItIs) {
  write_pets();
  std::filesystem::create_directory_symlink(folder_ / "pets", folder_ / "link");
  for (const char* name : {"pets", "pets/cat", "pets/shards", "link/shards"}) expect_lies_within(name);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "pets/shards"));
  EXPECT_EQ(pack_into("pets-packed").pictures, 5);
}

TEST_F(PackTest, ShardsEqualTheFolder) {
  write_pets();
  const PackSummary summary = pack_into("out", {}, true);
  EXPECT_EQ(summary.pictures, 5);
  EXPECT_EQ(summary.broken, 0);
  EXPECT_EQ(summary.shards, 1);
  EXPECT_EQ(summary.bytes, std::filesystem::file_size(folder_ / "out/00000.tar"));
  EXPECT_EQ(steps_.steps, 5 + 1);  // the first says that nothing is done yet
  EXPECT_EQ(steps_.of, 5);
  expect_equal(shards("out", true), images(true));
  expect_equal(shards("out", false), images(false));
  EXPECT_TRUE(log_.lines().empty());
}

TEST_F(PackTest, StylesAreTextOnlyIfAsked) {
  write_pets();
  pack_into("out");
  EXPECT_TRUE(shards("out", true).styles().empty());
}

TEST_F(PackTest, FilesAreCopiedAsTheyAreUnderPlainKeys) {
  write_pets();
  pack_into("out");
  const TarFile file(folder_ / "out/00000.tar");
  TarReader reader(file);
  std::map<std::string, std::string> entries;
  while (const auto entry = reader.next()) entries[entry->path] = file.read(entry->offset, entry->size);
  ASSERT_EQ(entries.size(), 10u);
  EXPECT_EQ(entries.at("000000001.png"), read_file(folder_ / "pets/dog/flat.PNG", 1 << 20));
  EXPECT_EQ(entries.at("000000001.json"), R"({"class":"dog","label":1})");
  EXPECT_EQ(entries.at("000000004.json"), R"({"class":"true","label":3})");
}

TEST_F(PackTest, TheSamePicturesGiveTheSameBytes) {
  write_pets();
  PackOptions options;
  pack_into("a", options);
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_ / "pets")) {
    std::filesystem::last_write_time(entry, std::filesystem::file_time_type::clock::now() - std::chrono::hours(1000));
  }
  options.threads = 4;
  steps_.steps = 0;
  pack_into("b", options);
  EXPECT_EQ(read_file(folder_ / "a/00000.tar", 1 << 20), read_file(folder_ / "b/00000.tar", 1 << 20));
}

TEST_F(PackTest, ShardsAreNoLargerThanAsked) {
  for (int i = 0; i < 30; ++i)
    write_picture(folder_ / ("pets/a/" + std::to_string(100 + i) + ".png"), marked_picture(6, i));
  PackOptions options;
  options.shard_bytes = 20'000;
  options.threads = 3;
  const PackSummary summary = pack_into("out", options);
  EXPECT_GT(summary.shards, 2);
  EXPECT_EQ(static_cast<int64_t>(files("out").size()), summary.shards);
  for (const std::string& name : files("out")) EXPECT_LE(std::filesystem::file_size(folder_ / "out" / name), 20'000u);
  expect_equal(shards("out"), images());
  options.shard_bytes = 1;
  steps_.steps = 0;
  EXPECT_EQ(pack_into("single", options).shards, 30);
  expect_equal(shards("single"), images());
}

TEST_F(PackTest, BrokenPicturesAreCountedNamedAndLeftOut) {
  write_pets();
  write_text(folder_ / "pets/cat/broken.png", "no picture");
  write_text(folder_ / "pets/fox/empty.webp", "");
  std::filesystem::create_symlink(folder_ / "gone", folder_ / "pets/dog/gone.jpg");
  const PackSummary summary = pack_into("out");
  EXPECT_EQ(summary.pictures, 5);
  EXPECT_EQ(summary.broken, 3);
  ASSERT_EQ(log_.lines().size(), 4u);
  expect_contains(log_.lines()[0], "skipped a picture that cannot be read: ");
  expect_contains(log_.lines()[0], "cat/broken.png");
  expect_contains(log_.lines()[3], "no picture of class 'fox' can be read");
  const Shards packed = shards("out");
  EXPECT_EQ(packed.size(), 5);
  EXPECT_EQ(packed.name(0), "00000.tar/000000001");
  EXPECT_EQ(packed.classes(), (Names{"cat", "dog", "ein Hund \xc3\xa4", "3", "true"}));
}

TEST_F(PackTest, NothingToReadLeavesNoShard) {
  write_text(folder_ / "pets/cat/broken.png", "no picture");
  expect_contains(refusal("out"), "none of its 1 picture can be read");
  EXPECT_TRUE(files("out").empty());
}

TEST_F(PackTest, AFolderThatIsNotEmptyIsOverwrittenOnlyIfAsked) {
  write_pets();
  PackOptions options;
  options.shard_bytes = 1;
  pack_into("out", options);
  write_text(folder_ / "out/notes.txt", "mine");
  write_text(folder_ / "out/123456.tar.old", "mine");
  EXPECT_EQ(files("out").size(), 7u);
  expect_contains(refusal("out"), "out' is not empty; give another one, or --overwrite");
  options = {};
  options.overwrite = true;
  steps_.steps = 0;
  pack_into("out", options);
  EXPECT_EQ(files("out"), (Names{"00000.tar", "123456.tar.old", "notes.txt"}));
  expect_equal(shards("out"), images());
  write_text(folder_ / "out/other.tar", "mine");
  expect_contains(refusal("out", options), "holds 'other.tar'");
}

TEST_F(PackTest, CaptionsGoAlong) {
  write_pets();
  write_text(folder_ / "pets/cat/noto.txt", "a cat\n");
  write_text(folder_ / "pets/dog/noto.caption", "a dog");
  write_text(folder_ / "pets/metadata.jsonl", R"({"file_name": "dog/noto.png", "text": "my dog"})");
  EXPECT_EQ(pack_into("out").captioned, 2);
  const auto packed = shards("out");
  const auto captions = [&](int64_t index) {
    std::string all;
    for (const Caption& caption : packed.captions(index)) all += caption.text + ";";
    return all;
  };
  EXPECT_EQ(captions(0), "a cat;");
  EXPECT_EQ(captions(1), "");
  EXPECT_EQ(captions(2), "a dog;my dog;");
}

TEST_F(PackTest, SquaresAreCutAsTrainingCutsThem) {
  write_picture(folder_ / "pets/a/0.png", marked_picture(20, 1));
  write_picture(folder_ / "pets/b/1.png", marked_picture(9, 2));
  PackOptions options;
  options.crop = 8;
  EXPECT_EQ(pack_into("out", options).treatment.pictures, 2);
  const auto packed = shards("out");
  for (int64_t i = 0; i < 2; ++i) {
    EXPECT_EQ(packed.read(i).width, 8);
    EXPECT_EQ(packed.read(i).rgb, cropped(images().read(i), Crop::adm, 8).rgb);
  }
}

TEST_F(PackTest, AFlatFolderBecomesOneClass) {
  write_picture(folder_ / "pets/0.png", marked_picture(6, 1));
  pack_into("out");
  expect_equal(shards("out"), images());
}

TEST_F(PackTest, WhatCannotBeWrittenIsAnError) {
  write_pets();
  write_text(folder_ / "file", "");
  expect_contains(refusal("file"), "cannot ");
  expect_contains(refusal("file/deeper"), "cannot make the folder");
  PackOptions options;
  options.overwrite = true;
  write_text(folder_ / "busy/00000.tar/file", "");
  steps_.steps = 0;
  expect_contains(refusal("busy", options), "not a regular file");
}

TEST_F(PackTest, NamesThatJsonCannotTellAreRefusedAtOnce) {
  write_picture(folder_ / "pets/bad\xff/1.png", marked_picture(6, 1));
  expect_contains(refusal("out"), "is not UTF-8");
  EXPECT_FALSE(std::filesystem::exists(folder_ / "out"));
}

}  // namespace
}  // namespace pixnerd::data
