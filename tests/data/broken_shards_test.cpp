// Shards that are cut, malformed or made to do harm.
#include <algorithm>
#include <limits>

#include "tests/data/shards_fixture.h"

namespace pixnerd::data {
namespace {

TEST_F(ShardsTest, AMalformedSampleIsLeftOutCountedAndNamed) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {R"({"label": 1)", ".json: "},
      {"[1]", ".json: must be a map"},
      {R"({"label": "one"})", ".json: label must be a whole number"},
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
      {R"({"label": 1} {"label": 1})", "more follows its end"},
      {std::string(1 << 24, ' ') + "{}", ".json: larger than 16777216 bytes"},
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

TEST_F(ShardsTest, PassesOverWhatIsNoSampleAndSaysSo) {
  const std::string png = png_bytes(marked_picture(4, 1));
  const std::string ustar("ustar\00000", 8);
  write(tar_entry("README", "x") + tar_entry(".hidden.png", png) + tar_entry("a/._b.png", png) +
        tar_entry("a/.png", png) + tar_entry("./.ipynb_checkpoints/c.png", png) + tar_entry("end.", png) +
        tar_header({"folder/", 0, '5'}) + tar_header({"link.png", 0, '2', ustar, "/etc/passwd"}) +
        tar_header({"hard.png", 0, '1', ustar, "a.png"}) + tar_header({"device.png", 0, '3'}) +
        tar_entry("k.seg.png", png) + tar_entry("k.png", png) + tar_entry("k.gif", png) + tar_entry("k.npy", "bytes") +
        tar_entry("k.svg", "<svg/>") + tar_entry("k.meta.json", "{"));
  const Shards shards = open();
  EXPECT_EQ(names_of(shards), Names{"0.tar/k"});
  EXPECT_EQ(shards.broken_at_opening(), 0);
  EXPECT_TRUE(log_.lines().empty());
  EXPECT_EQ(shards.unused().lines(), (Names{"1 picture in formats that are not read: 1 .svg",
                                            "3 hidden pictures: 1 .*, 1 ._* of macOS, 1 in .ipynb_checkpoints",
                                            "2 pictures more than one of a sample: 1 .gif, 1 .seg.png",
                                            "2 links in shards to no file before it, such as '0.tar/link.png'",
                                            "3 other files: 2 without an ending, 1 .npy"}));
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
  EXPECT_EQ(shards.unused().lines(), Names{"1 sparse file in shards: '0.tar/s.png'"});
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
      if (!marked)
        expect_contains(log.lines().at(0), whole == 1 ? "the 1 sample before that is used"
                                                      : concat("the ", whole, " samples before that are used"));
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

}  // namespace
}  // namespace pixnerd::data
