#include "data/shards.h"

#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <limits>
#include <thread>

#include "tests/data/tars.h"

namespace pixnerd::data {
namespace {

using Names = std::vector<std::string>;
using Labels = std::vector<int64_t>;

class ShardsTest : public testing::Test {
 protected:
  // A set of one shard with these entries and the mark that ends it.
  void write(const std::string& entries, const std::string& name = "0.tar") {
    write_text(folder_ / "set" / name, entries + kTarEnd);
  }

  DataConfig config() const {
    DataConfig config;
    config.path = (folder_ / "set").string();
    return config;
  }

  Shards open() const { return Shards(config()); }
  std::string error() const {
    return error_of([&] { open(); });
  }

  TemporaryFolder folder_;
  CapturedLog log_;
};

Names names_of(const Shards& shards) {
  Names names;
  for (int64_t i = 0; i < shards.size(); ++i) names.push_back(shards.name(i));
  return names;
}

Labels labels_of(const Shards& shards) {
  Labels labels;
  for (int64_t i = 0; i < shards.size(); ++i) labels.push_back(shards.label(i));
  return labels;
}

// Of the pictures that marked_picture() makes.
std::vector<int> marks_of(const Shards& shards) {
  std::vector<int> marks;
  for (int64_t i = 0; i < shards.size(); ++i) marks.push_back(shards.read(i).rgb[0]);
  return marks;
}

std::string captions_of(const Shards& shards, int64_t index) {
  std::string text;
  for (const Caption& caption : shards.captions(index)) text += caption.language + "=" + caption.text + ";";
  return text;
}

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

TEST_F(ShardsTest, AMalformedSampleIsLeftOutCountedAndNamed) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {R"({"label": 1)", ".json: "},
      {"[1]", ".json: must be a map"},
      {R"({"label": "1"})", ".json: label must be a whole number"},
      {R"({"label": 1.5})", ".json: label must be a whole number"},
      {R"({"label": true})", ".json: label must be a whole number"},
      {R"({"label": -1})", ".json: label -1 is not between 0 and 10000000"},
      {R"({"label": 10000001})", ".json: label 10000001 is not between"},
      {R"({"label": 99999999999999999999})", ".json: label 99999999999999999999 is not between"},
      {R"({"class": 5})", ".json: class must be a text"},
      {R"({"class": ""})", ".json: class is empty"},
      {R"({"class": "a\u0007b"})", ".json: class 'a?b' has control characters"},
      {R"({"style": ["x"]})", ".json: style must be a text"},
      {R"({"caption": 5})", ".json: caption must be a text"},
      {R"({"caption": ["x", 5]})", ".json: caption has a list of something else"},
      {R"({"caption": {"en": {"x": "y"}}})", ".json: caption must be a text"},
      {R"({"caption": {"e\nn": "x"}})", ".json: caption: language"},
      {R"({"caption": "\ud83d"})", ".json: "},
      {"{\"caption\": \"\xff\"}", ".json: "},
      {R"({"label": 1, "label": 1})", "appears twice"},
      {std::string(1 << 20, ' ') + "{}", ".json: larger than 1048576 bytes"},
  };
  for (const auto& [json, reason] : cases) {
    SCOPED_TRACE(json.substr(0, 60));
    write(tar_sample("bad", 1, json) + tar_sample("good", 2, R"({"label": 0})"));
    CapturedLog log;
    const Shards shards = open();
    EXPECT_EQ(names_of(shards), Names{"0.tar/good"});
    EXPECT_EQ(shards.broken_at_opening(), 1);
    ASSERT_EQ(log.lines().size(), 1u);
    expect_contains(log.lines()[0], "warning: skipped sample '0.tar/bad': ");
    expect_contains(log.lines()[0], reason);
  }
}

TEST_F(ShardsTest, ASampleThatIsNotOnePictureIsLeftOut) {
  const std::string png = png_bytes(marked_picture(4, 1)), good = tar_sample("good", 2, "{}");
  const std::vector<std::pair<std::string, std::string>> cases = {
      {tar_entry("bad.json", "{}"), "no picture"},
      {tar_entry("bad.png", png) + tar_entry("bad.png", png), "two .png files"},
      {tar_entry("bad.png", png) + tar_entry("bad.PNG", png), "two .png files"},
      {tar_entry("bad.png", png) + tar_entry("bad.x", "") + tar_entry("bad.x", ""), "two .x files"},
      {tar_entry("bad.png", png) + tar_entry("bad.jpg", png), "two pictures"},
      {tar_sample("bad", 1, "{}") + tar_sample("bad", 1, "{}"), "two .png files"},
      {tar_sample("bad", 1, R"({"label": 1})") + tar_entry("bad.cls", "2"), ".cls: label '2' contradicts '1'"},
      {tar_sample("bad", 1, R"({"class": "a"})") + tar_entry("bad.cls", "b"), ".cls: class 'b' contradicts 'a'"},
      {tar_entry("bad.png", png) + tar_entry("bad.cls", " \n"), ".cls: class is empty"},
      {tar_entry("bad.png", png) + tar_entry("bad.cls", "-3"), ".cls: label -3 is not between"},
      {tar_entry("bad.png", png) + tar_entry("bad.cls", "4000000000"), ".cls: label 4000000000 is not between"},
      {tar_entry("bad.png", png) + tar_entry("bad.cls", "a\nb"), ".cls: class 'a?b' has control characters"},
      {tar_entry("bad.png", png) + tar_entry("bad.cls", "\xff"), "is not UTF-8"},
      {tar_entry("bad.png", png) + tar_entry("bad.cls", std::string(2000, 'x')), "longer than 1000 bytes"},
      {tar_entry("bad.png", png) + tar_entry("bad.txt", "\xc3"), ".txt: not UTF-8"},
      {tar_entry("bad.png", png) + tar_entry("bad.txt", std::string((1 << 20) + 1, 'x')), ".txt: larger than"},
  };
  for (const auto& [entries, reason] : cases) {
    SCOPED_TRACE(reason);
    write(good + entries);
    CapturedLog log;
    const Shards shards = open();
    EXPECT_EQ(names_of(shards), Names{"0.tar/good"});
    EXPECT_EQ(shards.broken_at_opening(), 1);
    ASSERT_EQ(log.lines().size(), 1u);
    expect_contains(log.lines()[0], "skipped sample '0.tar/bad': ");
    expect_contains(log.lines()[0], reason);
  }
}

TEST_F(ShardsTest, AKeyThatComesBackIsAnotherSampleAndLeftOut) {
  write(tar_sample("a", 1, "{}") + tar_sample("b", 2, "{}") + tar_sample("a", 3, "{}"));
  const Shards shards = open();
  EXPECT_EQ(marks_of(shards), (std::vector<int>{1, 2}));
  EXPECT_EQ(shards.broken_at_opening(), 1);
  expect_contains(log_.lines().at(0), "another sample of the shard has this key");
}

TEST_F(ShardsTest, PassesOverWhatIsNoSample) {
  const std::string png = png_bytes(marked_picture(4, 1));
  write(tar_entry("README", "x") + tar_entry(".hidden.png", png) + tar_entry("a/.png", png) + tar_entry("end.", png) +
        tar_header({"folder/", 0, '5'}) +
        tar_header({"link.png", 0, '2', std::string("ustar\00000", 8), "/etc/passwd"}) +
        tar_header({"hard.png", 0, '1', std::string("ustar\00000", 8), "a.png"}) + tar_header({"device.png", 0, '3'}) +
        tar_entry("only.seg.png", png) + tar_entry("k.seg.png", png) + tar_entry("k.png", png) +
        tar_entry("k.npy", "bytes"));
  const Shards shards = open();
  EXPECT_EQ(names_of(shards), Names{"0.tar/k"});
  EXPECT_EQ(shards.broken_at_opening(), 0);
  EXPECT_TRUE(log_.lines().empty());
}

TEST_F(ShardsTest, SparseEntriesArePassedOver) {
  std::string map = "1\n0\n8\n";  // one region of 8 bytes at 0
  const std::string lines = pax_line("GNU.sparse.major", "1") + pax_line("GNU.sparse.minor", "0") +
                            pax_line("GNU.sparse.name", "s.png") + pax_line("GNU.sparse.realsize", "100000");
  const std::string content = padded(map) + "12345678";
  write(tar_header({"PaxHeader", static_cast<int64_t>(lines.size()), 'x'}) + padded(lines) +
        tar_header({"GNUSparseFile.0/s.png", static_cast<int64_t>(content.size())}) + padded(content) +
        tar_sample("k", 5, "{}"));
  const Shards shards = open();
  EXPECT_EQ(names_of(shards), Names{"0.tar/k"});
  EXPECT_EQ(marks_of(shards), std::vector<int>{5});
}

TEST_F(ShardsTest, HostileNamesAreOnlyLabels) {
  write_text(folder_ / "x.json", R"({"label": 7})");
  const Names keys = {"../../x", "/etc/passwd", "a\x1b[2J\nb", "\xff\xfe", "..", "C:\\x", "a b/ c"};
  std::string entries;
  for (const std::string& key : keys) entries += tar_sample(key == ".." ? "../.." : key, 9, R"({"label": 0})");
  entries += tar_entry("../../bad\n.json", "{");
  write(entries);
  const Shards shards = open();
  EXPECT_EQ(names_of(shards), (Names{"0.tar/../../x", "0.tar//etc/passwd", "0.tar/a\x1b[2J\nb", "0.tar/\xff\xfe",
                                     "0.tar/C:\\x", "0.tar/a b/ c"}));
  for (const int64_t label : labels_of(shards)) EXPECT_EQ(label, 0);
  for (const int mark : marks_of(shards)) EXPECT_EQ(mark, 9);
  ASSERT_EQ(log_.lines().size(), 1u);
  EXPECT_EQ(log_.lines()[0].find('\n'), std::string::npos);
  expect_contains(log_.lines()[0], "'0.tar/../../bad?'");
}

TEST_F(ShardsTest, LongAndForeignNamesInPaxAndGnuForm) {
  const std::string long_key = std::string(150, 'd') + "/" + std::string(120, 'k'), foreign = "\xc3\xa4/\xe7\x8c\xab";
  const std::string png = png_bytes(marked_picture(4, 3));
  write(pax_entry(long_key + ".png", png) + pax_entry(long_key + ".cls", "1") + gnu_entry(long_key + "2.png", png) +
        gnu_entry(long_key + "2.cls", "2") + pax_entry(foreign + ".png", png) + gnu_entry(foreign + "2.png", png) +
        pax_entry("bad\xff.png", png));
  const Shards shards = open();
  EXPECT_EQ(names_of(shards), (Names{"0.tar/" + long_key, "0.tar/" + long_key + "2", "0.tar/" + foreign,
                                     "0.tar/" + foreign + "2", "0.tar/bad\xff"}));
  EXPECT_EQ(labels_of(shards), (Labels{1, 2, -1, -1, -1}));
  EXPECT_EQ(marks_of(shards), (std::vector<int>(5, 3)));
}

TEST_F(ShardsTest, WhatIsNoTarFileIsRefused) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {std::string("\x1f\x8b\x08", 3) + std::string(1000, 'x'), "is compressed (gzip); decompress it"},
      {"BZh9" + std::string(1000, 'x'), "is compressed (bzip2); decompress it"},
      {std::string("\xfd"
                   "7zXZ\0",
                   6) +
           std::string(1000, 'x'),
       "is compressed (xz); decompress it"},
      {"\x28\xb5\x2f\xfd" + std::string(1000, 'x'), "is compressed (zstd); decompress it"},
      {"PK\x03\x04" + std::string(1000, 'x'), "is compressed (zip); decompress it"},
      {std::string(1000, 'x'), "is no tar file; "},
      {std::string("\x1f\x8b\x08", 3), "is compressed (gzip)"},
  };
  for (const auto& [content, reason] : cases) {
    write(tar_sample("k", 1, "{}"), "a.tar");
    write_text(folder_ / "set/b.tar", content);
    expect_contains(error(), "b.tar' " + reason);
  }
}

TEST_F(ShardsTest, NothingToReadIsAnError) {
  expect_contains(error(), "set': no such file or folder");
  std::filesystem::create_directories(folder_ / "set");
  expect_contains(error(), "holds no shard (*.tar)");
  write("");
  expect_contains(error(), "no picture in its 1 shard; a sample is key.png");
  write(tar_entry("a.json", "{}") + tar_entry("b.png", "") + tar_entry("b.json", "{"));
  expect_contains(error(), "no picture in its 1 shard; the first of 2 problems: skipped sample '0.tar/a': there is no");
  write_text(folder_ / "set/0.tar", "");
  expect_contains(error(), "the first of 1 problems: shard '");
}

TEST_F(ShardsTest, AShardThatCannotBeOpenedIsCountedAndNamed) {
  write(tar_sample("k", 1, "{}"), "a.tar");
  std::filesystem::create_symlink(folder_ / "gone", folder_ / "set/b.tar");
  const Shards shards = open();
  EXPECT_EQ(shards.size(), 1);
  EXPECT_EQ(shards.broken_at_opening(), 1);
  expect_contains(log_.lines().at(0), "skipped a shard: cannot open '");
  expect_contains(log_.lines().at(0), "b.tar'");
}

// The entries of each sample end at these places.
struct CutCase {
  std::string name, bytes;
  std::vector<size_t> ends;
};

CutCase cut_case(const std::string& name, std::string (*entry)(const std::string&, std::string_view),
                 bool text_comes_first) {
  CutCase result{name, "", {}};
  for (int i = 0; i < 3; ++i) {
    const std::string key = std::string(name == "ustar" ? 3 : 130, static_cast<char>('a' + i));
    const std::string png = png_bytes(image::Image(marked_picture(20, i)));
    const std::string json = R"({"label": 1, "pad": ")" + std::string(600, ' ') + "\"}";
    std::string picture_entry = entry(key + ".png", png), json_entry = entry(key + ".json", json);
    // Without its padding the last entry of a sample is whole.
    const size_t content = text_comes_first ? png.size() : json.size();
    result.bytes += text_comes_first ? json_entry + picture_entry : picture_entry + json_entry;
    result.ends.push_back(result.bytes.size() - (512 - content % 512) % 512);
  }
  result.bytes += kTarEnd;
  return result;
}

TEST_F(ShardsTest, ACutShardYieldsTheSamplesBeforeTheCut) {
  for (const CutCase& each :
       {cut_case("ustar", tar_entry, false), cut_case("ustar", tar_entry, true), cut_case("pax", pax_entry, false),
        cut_case("pax", pax_entry, true), cut_case("gnu", gnu_entry, false), cut_case("gnu", gnu_entry, true)}) {
    const size_t entries_end = each.bytes.size() - kTarEnd.size();
    for (size_t cut = 0; cut < each.bytes.size(); cut += cut % 512 == 0 ? 1 : cut % 512 == 1 ? 199 : 312) {
      SCOPED_TRACE(each.name + " cut at " + std::to_string(cut));
      write_text(folder_ / "set/0.tar", each.bytes.substr(0, cut));
      const auto whole = std::count_if(each.ends.begin(), each.ends.end(), [&](size_t end) { return end <= cut; });
      CapturedLog log;
      if (whole == 0) {
        expect_contains(error(), "the first of 1 problems: shard '");
        EXPECT_EQ(log.lines().size(), 1u);
        continue;
      }
      const Shards shards = open();
      ASSERT_EQ(shards.size(), whole);
      for (int64_t i = 0; i < shards.size(); ++i) {
        EXPECT_EQ(shards.label(i), 1);
        EXPECT_EQ(shards.read(i).rgb, marked_picture(20, static_cast<int>(i)).rgb);
      }
      const bool marked = cut >= entries_end + 512;
      EXPECT_EQ(shards.broken_at_opening(), marked ? 0 : 1);
      EXPECT_EQ(log.lines().size(), marked ? 0u : 1u);
      if (!marked) expect_contains(log.lines().at(0), "the " + std::to_string(whole) + " samples before that are used");
    }
  }
}

TEST_F(ShardsTest, ACutShardSpoilsNoOther) {
  write_text(folder_ / "set/a.tar", (tar_sample("k", 1, "{}") + tar_sample("l", 1, "{}")).substr(0, 2600));
  write(tar_sample("k", 2, "{}"), "b.tar");
  EXPECT_EQ(names_of(open()), (Names{"a.tar/k", "b.tar/k"}));
}

TEST_F(ShardsTest, DamageAndAbsurdSizesEndAShard) {
  const std::string good = tar_sample("good", 1, "{}"), later = tar_sample("later", 2, "{}");
  std::string spoilt = later;
  spoilt[0] = '#';  // the sum of the header is wrong now
  const std::string huge_name = tar_header({"x", int64_t{1} << 40, 'L', std::string("ustar  \0", 8)});
  const std::string below_zero = pax_line("size", "-512");
  const std::vector<std::string> cases = {
      spoilt,
      tar_header({"PaxHeader", static_cast<int64_t>(below_zero.size()), 'x'}) + padded(below_zero) + later,
      tar_header({"huge.png", int64_t{1} << 62}) + later,
      tar_header({"huge.png", std::numeric_limits<int64_t>::max()}) + later,
      tar_header({"huge.png", int64_t{1} << 34}) + later,
      huge_name + later,
      tar_header({"PaxHeader", 100, 'x'}),
  };
  for (const std::string& entries : cases) {
    write(good + entries);
    const Shards shards = open();
    EXPECT_EQ(names_of(shards), Names{"0.tar/good"});
    EXPECT_EQ(shards.broken_at_opening(), 1);
  }
}

TEST_F(ShardsTest, NoisyHeadersDoNoHarm) {
  const std::string bytes = tar_sample("a", 1, R"({"label": 1})") + pax_entry("b.png", "x") + gnu_entry("c.png", "y") +
                            tar_sample("d", 2, R"({"class": "z"})") + kTarEnd;
  uint64_t state = 1;
  const auto random = [&] { return (state = state * 6364136223846793005u + 1442695040888963407u) >> 33; };
  for (int round = 0; round < 400; ++round) {
    std::string noisy = bytes;
    for (uint64_t i = 0; i <= random() % 4; ++i) noisy[random() % noisy.size()] = static_cast<char>(random());
    write_text(folder_ / "set/0.tar", noisy);
    CapturedLog log;
    try {
      const Shards shards = open();
      for (int64_t i = 0; i < shards.size(); ++i) {
        try {
          shards.captions(i);
          shards.read(i);
        } catch (const DataError&) {
        }
      }
    } catch (const DataError&) {
    }
  }
}

TEST_F(ShardsTest, ABrokenPictureIsAnErrorWhenItIsRead) {
  write(tar_entry("a.png", "no picture") + tar_entry("b.png", "") + tar_sample("c", 3, "{}"));
  const Shards shards = open();
  ASSERT_EQ(shards.size(), 3);
  expect_contains(error_of([&] { shards.read(0); }), "0.tar/a");
  expect_contains(error_of([&] { shards.read(1); }), "0.tar/b");
  EXPECT_EQ(shards.read(2).rgb[0], 3);
}

TEST_F(ShardsTest, AFileThatShrinksIsAnErrorWhenItIsRead) {
  write(tar_sample("a", 1, R"({"caption": "x"})"));
  const Shards shards = open();
  std::filesystem::resize_file(folder_ / "set/0.tar", 520);
  expect_contains(error_of([&] { shards.read(0); }), "has changed since it was opened");
  expect_contains(error_of([&] { shards.captions(0); }), "'0.tar/a'");
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
