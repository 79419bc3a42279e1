// Shards as other programs write them: names with dots, links, joined and unsorted files, JSON of other languages.
#include "tests/data/shards_fixture.h"

namespace pixnerd::data {
namespace {

std::string picture(const std::string& name, int mark) {
  return tar_entry(name, png_bytes(marked_picture(4, mark)));
}

std::string link(const std::string& name, char type, const std::string& target) {
  return tar_header({name, 0, type, std::string("ustar\00000", 8), target});
}

TEST_F(ShardsTest, NamesMayHaveDots) {
  write(picture("cat.png", 1) + picture("d/IMG.2020.png", 2) + tar_entry("d/IMG.2020.json", R"({"label": 3})") +
        picture("d/IMG.2021.PNG", 3) + picture("fox v1.2.png", 4) + picture("0.seg.png", 9) + picture("0.jpg", 5) +
        tar_entry("0.json", R"({"label": 1})"));
  const Shards shards = open();
  EXPECT_EQ(names_of(shards),
            (Names{"0.tar/cat", "0.tar/d/IMG.2020", "0.tar/d/IMG.2021", "0.tar/fox v1.2", "0.tar/0"}));
  EXPECT_EQ(marks_of(shards), (std::vector<int>{1, 2, 3, 4, 5}));
  EXPECT_EQ(labels_of(shards), (Labels{-1, 3, -1, -1, 1}));
  EXPECT_EQ(shards.unused().lines(), Names{"1 picture more than one of a sample: 1 .seg.png"});
}

TEST_F(ShardsTest, LinksAreTheFilesThatTheyLeadTo) {
  write(picture("a/0.png", 1) + tar_entry("a/0.cls", "7") + link("a/1.png", '1', "a/0.png") +
        link("a/1.cls", '1', "a/0.cls") + link("b/2.png", '2', "../a/0.png"));
  const Shards shards = open();
  EXPECT_EQ(names_of(shards), (Names{"0.tar/a/0", "0.tar/a/1", "0.tar/b/2"}));
  EXPECT_EQ(marks_of(shards), (std::vector<int>{1, 1, 1}));
  EXPECT_EQ(labels_of(shards), (Labels{7, 7, -1}));
  EXPECT_TRUE(shards.unused().empty());
}

TEST_F(ShardsTest, JoinedFilesAreReadToTheirEnd) {
  const std::string padding(8192, '\0');
  write(tar_sample("0", 1, "{}") + tar_sample("1", 2, R"({"label": 4})") + kTarEnd + padding +
        tar_sample("0", 3, R"({"label": 5})") +
        pax_entry(std::string(150, 'x') + ".png", png_bytes(marked_picture(4, 4))));
  const Shards shards = open();
  EXPECT_EQ(marks_of(shards), (std::vector<int>{1, 2, 3, 4}));
  EXPECT_EQ(names_of(shards)[2], "0.tar/0#2");
  EXPECT_EQ(labels_of(shards), (Labels{-1, 4, 5, -1}));
  EXPECT_EQ(shards.broken_at_opening(), 0);
}

TEST_F(ShardsTest, FilesOfASampleMayLieApart) {
  write(picture("a.png", 1) + picture("b.png", 2) + picture("c.png", 3) + tar_entry("c.json", R"({"label": 2})") +
        tar_entry("a.json", R"({"label": 0})") + tar_entry("b.json", R"({"label": 1})") +
        tar_entry("b.txt", "a caption"));
  const Shards shards = open();
  EXPECT_EQ(names_of(shards), (Names{"0.tar/a", "0.tar/b", "0.tar/c"}));
  EXPECT_EQ(labels_of(shards), (Labels{0, 1, 2}));
  EXPECT_EQ(captions_of(shards, 1), "=a caption;");
}

TEST_F(ShardsTest, OfACutUnsortedShardTheWholeSamplesAreGood) {
  const std::string whole = picture("a.png", 1) + picture("b.png", 2) + picture("c.png", 3) +
                            tar_entry("a.json", R"({"label": 0})") + tar_entry("b.json", R"({"label": 1})") +
                            tar_entry("c.json", R"({"label": 2})");
  write_text(folder_ / "set/0.tar", whole.substr(0, whole.size() - 512));
  EXPECT_EQ(names_of(open()), (Names{"0.tar/a", "0.tar/b"}));
}

TEST_F(ShardsTest, ASampleThatComesAgainApartSpoilsNothing) {
  write(picture("a.png", 1) + tar_entry("a.json", R"({"label": 0})") + tar_sample("b", 2, R"({"label": 1})") +
        tar_entry("a.txt", "of the other") + picture("a.png", 3));
  const Shards shards = open();
  EXPECT_EQ(marks_of(shards), (std::vector<int>{1, 2}));
  EXPECT_EQ(captions_of(shards, 0), "");
  expect_contains(log_.lines().at(0), "another sample of the shard has this key");
}

TEST_F(ShardsTest, FieldsThatAreNotReadDoNoHarm) {
  const std::vector<std::string> harmless = {
      R"({"a": NaN, "label": 3, "b": -Infinity, "c": Infinity})",
      R"({"label": 3, "x": 1e999, "y": 123456789012345678901234567890, "z": 01})",
      R"({"label": 3, "deep": )" + std::string(500, '[') + std::string(500, ']') + "}",
      R"({"x": "\ud83d", "x": 1, "label": 3})",
      "{\"x\": \"\xff\", \"label\": 3}",
      "\xef\xbb\xbf{\"label\": 3}",
  };
  for (const std::string& json : harmless) {
    write(tar_sample("k", 1, json));
    EXPECT_EQ(labels_of(open()), Labels{3}) << json.substr(0, 60);
  }
  EXPECT_TRUE(log_.lines().empty());
}

TEST_F(ShardsTest, LabelsAreWrittenInManyWays) {
  for (const char* json : {R"({"label": 3})", R"({"label": 3.0})", R"({"label": "3"})", R"({"label": "3.0"})",
                           R"({"label": 3e0})", R"({"label": 0.3e1})"}) {
    write(tar_sample("k", 1, json));
    EXPECT_EQ(labels_of(open()), Labels{3}) << json;
  }
  for (const char* cls : {"3", "3.0",
                          "\xef\xbb\xbf"
                          "3\r\n"}) {
    write(picture("k.png", 1) + tar_entry("k.cls", cls));
    EXPECT_EQ(labels_of(open()), Labels{3}) << cls;
  }
  for (const char* json : {R"({"label": null, "class": NaN})", R"({"label": NaN, "caption": NaN})"}) {
    write(tar_sample("k", 1, json));
    EXPECT_EQ(labels_of(open()), Labels{-1}) << json;
  }
  EXPECT_TRUE(log_.lines().empty());
}

TEST_F(ShardsTest, AByteOrderMarkMakesNoClassAndNoCaption) {
  write(picture("0.png", 1) +
        tar_entry("0.cls",
                  "\xef\xbb\xbf"
                  "cat") +
        tar_entry("0.txt",
                  "\xef\xbb\xbf"
                  "a cat") +
        picture("1.png", 1) + tar_entry("1.cls", "cat"));
  EXPECT_EQ(open().classes(), Names{"cat"});
  EXPECT_EQ(captions_of(open(), 0), "=a cat;");
}

TEST_F(ShardsTest, CaptionsCountOnceAndEmptyOnesNot) {
  write(tar_sample("0", 1, R"({"caption": "a fox"})") + tar_entry("0.txt", "a fox\n") +
        tar_sample("1", 1, R"({"caption": null})") + tar_entry("1.txt", "") +
        tar_sample("2", 1, R"({"caption": ["a", "", "a", null, "b"]})") +
        tar_sample("3", 1, R"({"caption": {"en": "taxi", "de": "taxi"}})") + tar_entry("3.txt", "taxi"));
  const Shards shards = open();
  EXPECT_EQ(captions_of(shards, 0), "=a fox;");
  EXPECT_EQ(captions_of(shards, 1), "");
  EXPECT_EQ(captions_of(shards, 2), "=a;=b;");
  EXPECT_EQ(captions_of(shards, 3), "en=taxi;de=taxi;");
}

TEST_F(ShardsTest, PatternsNameShards) {
  for (const char* name : {"0.tar", "1.tar", "x.tar"}) write(tar_sample("k", 1, "{}"), name);
  DataConfig some = config();
  some.path += "/{0..1}.tar";
  EXPECT_EQ(names_of(Shards(some)), (Names{"0.tar/k", "1.tar/k"}));
  EXPECT_EQ(open_pictures(some)->size(), 2);
  some.path = config().path + "/?.tar";
  EXPECT_EQ(fingerprint(*open_pictures(some)), fingerprint(open()));
}

}  // namespace
}  // namespace pixnerd::data
