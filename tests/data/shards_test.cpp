#include <sys/resource.h>

#include <atomic>
#include <thread>

#include "tests/data/shards_fixture.h"

namespace pixnerd::data {
namespace {

TEST_F(ShardsTest, ReadsPicturesLabelsAndNamesInTheOrderOfTheFiles) {
  write(tar_sample("x", 3, R"({"label": 2})") + tar_sample("a", 4, R"({"label": 0})"), "b.tar");
  write(tar_sample("x", 1, R"({"label": 1})") + tar_entry("y.cls", "0\n") +
            tar_entry("y.PNG", png_bytes(marked_picture(4, 2))),
        "a.tar");
  write_text(folder_ / "set/notes.txt", "not a shard");
  write_text(folder_ / "set/.hidden.tar", "not a shard");
  std::filesystem::create_directories(folder_ / "set/folder.tar");
  const Shards shards = open();
  EXPECT_EQ(names_of(shards), (Names{"a.tar/x", "a.tar/y", "b.tar/x", "b.tar/a"}));
  EXPECT_EQ(labels_of(shards), (Labels{1, 0, 2, 0}));
  EXPECT_EQ(marks_of(shards), (std::vector<int>{1, 2, 3, 4}));
  EXPECT_EQ(shards.num_classes(), 3);
  EXPECT_TRUE(shards.classes().empty());
  EXPECT_EQ(shards.root(), folder_ / "set");
  EXPECT_EQ(shards.broken_at_opening(), 0);
  EXPECT_TRUE(log_.lines().empty());
}

TEST_F(ShardsTest, OneFileIsASet) {
  write(tar_sample("k", 7, "{}"), "one.anything");
  DataConfig one = config();
  one.path += "/one.anything";
  EXPECT_TRUE(is_shards(one.path));
  const auto set = open_pictures(one);
  EXPECT_EQ(set->size(), 1);
  EXPECT_EQ(set->name(0), "one.anything/k");
  EXPECT_EQ(set->label(0), -1);
  EXPECT_EQ(set->num_classes(), 0);
  EXPECT_EQ(set->read(0).rgb, marked_picture(4, 7).rgb);
}

TEST_F(ShardsTest, OpenPicturesTellsShardsFromFolders) {
  write(tar_sample("k", 7, R"({"class": "k"})"));
  write_picture(folder_ / "folders/cat/a.png", marked_picture(4, 1));
  EXPECT_EQ(open_pictures(config())->name(0), "0.tar/k");
  DataConfig folders = config();
  folders.path = (folder_ / "folders").string();
  EXPECT_EQ(open_pictures(folders)->name(0), "cat/a.png");
  EXPECT_FALSE(is_shards(folder_ / "missing"));
}

TEST_F(ShardsTest, IncludeChoosesShards) {
  for (const char* name : {"train-0", "train-1", "val-0"}) write(tar_sample("k", 7, "{}"), std::string(name) + ".tar");
  DataConfig some = config();
  some.include = {"train-*"};
  EXPECT_EQ(names_of(Shards(some)), (Names{"train-0.tar/k", "train-1.tar/k"}));
  some.include = {"tset*"};
  expect_contains(error_of<ConfigError>([&] { Shards{some}; }), "no shard of");
}

TEST_F(ShardsTest, ClassesByName) {
  write(tar_sample("1", 1, R"({"class": "dog"})") + tar_entry("2.cls", " cat \n") +
        tar_entry("2.png", png_bytes(marked_picture(4, 2))) + tar_sample("3", 3, "{}") +
        tar_sample("4", 4, R"({"class": "12"})"));
  const Shards shards = open();
  EXPECT_EQ(shards.classes(), (Names{"12", "cat", "dog"}));
  EXPECT_EQ(labels_of(shards), (Labels{2, 1, -1, 0}));
  EXPECT_EQ(shards.num_classes(), 3);
}

TEST_F(ShardsTest, ClassesByLabelAndName) {
  write(tar_sample("1", 1, R"({"class": "dog", "label": 3})") + tar_sample("2", 2, R"({"class": "cat", "label": 1})") +
        tar_sample("3", 3, R"({"label": 0})") + tar_sample("4", 4, R"({"class": "cat"})") + tar_sample("5", 5, "{}") +
        tar_sample("6", 6, R"({"label": 3})"));
  const Shards shards = open();
  EXPECT_EQ(shards.classes(), (Names{"0", "cat", "2", "dog"}));
  EXPECT_EQ(labels_of(shards), (Labels{3, 1, 0, 1, -1, 3}));
  EXPECT_EQ(shards.num_classes(), 4);
}

TEST_F(ShardsTest, ANumberThatIsAClassNamesNoOtherLabel) {
  write(tar_sample("1", 1, R"({"class": "0", "label": 2})") + tar_sample("2", 2, R"({"label": 0})"));
  EXPECT_EQ(open().classes(), (Names{"label 0", "1", "0"}));
}

TEST_F(ShardsTest, ContradictoryClassesAreAnErrorThatNamesBothSamples) {
  const std::string cat = tar_sample("1", 1, R"({"class": "cat", "label": 0})");
  write(cat + tar_sample("2", 2, R"({"class": "dog", "label": 0})"));
  expect_contains(error(), "'0.tar/1' has label 0 and class 'cat', but sample '0.tar/2' has label 0 and class 'dog'");
  write(cat + tar_sample("2", 2, R"({"class": "cat", "label": 5})"));
  expect_contains(error(), "'0.tar/1' has label 0 and class 'cat', but sample '0.tar/2' has label 5 and class 'cat'");
  write(cat + tar_sample("2", 2, R"({"class": "dog"})"));
  expect_contains(error(), "'0.tar/2' has class 'dog', which no sample gives a label");
}

TEST_F(ShardsTest, AStrayLabelMakesNoMillionsOfClasses) {
  write(tar_sample("0", 1, R"({"label": 1})") + tar_sample("1", 1, R"({"label": 9999999})"));
  expect_contains(error(), "sample '0.tar/1' has label 9999999, which makes as many classes, where there are 2");
  write(tar_sample("0", 1, R"({"label": 1, "class": "cat"})") +
        tar_sample("1", 1, R"({"label": 123456, "class": "dog"})"));
  expect_contains(error(), "has label 123456");
  write(tar_sample("0", 1, R"({"label": 21840})"));
  EXPECT_EQ(open().num_classes(), 21841);
}

TEST_F(ShardsTest, StylesAreASecondLabelIfAsked) {
  write(tar_sample("1", 1, R"({"style": "noto"})") + tar_sample("2", 2, R"({"style": "flat"})") +
        tar_sample("3", 3, "{}"));
  EXPECT_TRUE(open().styles().empty());
  EXPECT_EQ(open().style(0), -1);
  DataConfig styled = config();
  styled.styles = true;
  const Shards shards(styled);
  EXPECT_EQ(shards.styles(), (Names{"flat", "noto"}));
  EXPECT_EQ((Labels{shards.style(0), shards.style(1), shards.style(2)}), (Labels{1, 0, -1}));
}

TEST_F(ShardsTest, CaptionsOfEveryForm) {
  write(tar_sample("1", 1, R"({"caption": "a cat"})") + tar_sample("2", 2, R"({"caption": ["a", "b"]})") +
        tar_sample("3", 3, R"({"caption": {"en": "cat", "de": ["Katze", "Kater"], "fr": null}})") +
        tar_sample("4", 4, R"({"caption": "\ud83d\ude00 \u00e4", "extra": [1, {"x": null}], "label": null})") +
        tar_entry("5.txt", "two\nlines\n") + tar_sample("5", 5, R"({"caption": "json"})") +
        tar_entry("6.png", png_bytes(marked_picture(4, 6))));
  const Shards shards = open();
  ASSERT_EQ(shards.size(), 6);
  EXPECT_EQ(captions_of(shards, 0), "=a cat;");
  EXPECT_EQ(captions_of(shards, 1), "=a;=b;");
  EXPECT_EQ(captions_of(shards, 2), "en=cat;de=Katze;de=Kater;");
  EXPECT_EQ(captions_of(shards, 3), "=\xf0\x9f\x98\x80 \xc3\xa4;");
  EXPECT_EQ(captions_of(shards, 4), "=json;=two\nlines;");
  EXPECT_EQ(captions_of(shards, 5), "");
}

TEST_F(ShardsTest, TransparentPixelsAreLaidOnTheBackground) {
  // A PNG of one red pixel with alpha 0.
  const std::string png(
      "\211\120\116\107\015\012\032\012\000\000\000\015\111\110\104\122\000\000\000\001\000\000\000\001"
      "\010\006\000\000\000\037\025\304\211\000\000\000\015\111\104\101\124\170\234\143\370\317\300\300"
      "\000\000\004\001\001\000\107\006\312\336\000\000\000\000\111\105\116\104\256\102\140\202",
      70);
  write(tar_entry("a.png", png));
  DataConfig coloured = config();
  EXPECT_EQ(Shards(coloured).read(0).rgb, (std::vector<uint8_t>{255, 0, 0}));
  coloured.background = {{10, 20, 255}};
  EXPECT_EQ(Shards(coloured).read(0).rgb, (std::vector<uint8_t>{10, 20, 255}));
}

TEST_F(ShardsTest, AnyThreadMayRead) {
  constexpr int kSamples = 40;
  std::string entries;
  for (int i = 0; i < kSamples; ++i) {
    entries += tar_sample(std::to_string(i), i, R"({"caption": "number )" + std::to_string(i) + "\"}");
  }
  write(entries, "a.tar");
  write(entries, "b.tar");
  const Shards shards = open();
  std::atomic<int> wrong = 0;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < 4 * kSamples; ++i) {
          const int index = (i * 7 + t * 13) % (2 * kSamples);
          if (shards.read(index).rgb[0] != index % kSamples) ++wrong;
          if (shards.captions(index).at(0).text != "number " + std::to_string(index % kSamples)) ++wrong;
        }
      });
    }
  }
  EXPECT_EQ(wrong, 0);
}

TEST_F(ShardsTest, MoreShardsThanFilesMayBeOpen) {
  for (int i = 0; i < 300; ++i) write(tar_sample("k", i % 200, "{}"), std::to_string(1000 + i) + ".tar");
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit few{280, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &few), 0);
  const Shards shards = open();
  EXPECT_EQ(shards.broken_at_opening(), 0);
  EXPECT_EQ(shards.size(), 300);
  EXPECT_EQ(shards.read(299).rgb[0], 99);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
}

TEST_F(ShardsTest, AnIndexOutOfRangeIsNoPicture) {
  write(tar_sample("a", 1, "{}"));
  const Shards shards = open();
  EXPECT_THROW(shards.read(1), std::out_of_range);
  EXPECT_THROW(shards.label(-1), std::out_of_range);
}

}  // namespace
}  // namespace pixnerd::data
