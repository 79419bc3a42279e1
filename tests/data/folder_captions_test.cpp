#include "data/folder_captions.h"

#include "core/text.h"
#include "tests/data/folders.h"

namespace pixnerd::data {
namespace {

using Names = std::vector<std::string>;

class FolderCaptionsTest : public testing::Test {
 protected:
  void write(const std::string& name, std::string_view text = "") const { write_text(folder_ / "set" / name, text); }
  std::shared_ptr<const ImageFolder> open() const { return folder_at(folder_ / "set"); }

  // Of each picture in its order, with bars between them.
  Names captions() const {
    const auto set = open();
    Names all;
    for (int64_t i = 0; i < set->size(); ++i) {
      Names texts;
      for (const Caption& caption : set->captions(i)) texts.push_back(caption.text);
      all.push_back(join(texts, "|"));
    }
    return all;
  }

  TemporaryFolder folder_;
};

TEST_F(FolderCaptionsTest, StandBesideThePictures) {
  for (const char* name : {"cat/0.png", "cat/1.jpg", "cat/more/2.png", "dog/a.b.png"}) write(name);
  write("cat/0.txt", "a cat\n");
  write("cat/0.caption",
        "\xef\xbb\xbf"
        "a cat");
  write("cat/1.caption", "another cat");
  write("cat/more/2.txt", " \n");
  write("dog/a.b.txt", "a dog");
  EXPECT_EQ(captions(), (Names{"a cat", "another cat", "", "a dog"}));
  EXPECT_TRUE(open()->unused().empty());
}

TEST_F(FolderCaptionsTest, StandInAFlatFolder) {
  write("0.png");
  write("0.txt", "a cat");
  write("1.txt", "of no picture");
  EXPECT_EQ(captions(), Names{"a cat"});
  EXPECT_EQ(open()->unused().lines(), Names{"1 other file: 1 .txt"});
}

TEST_F(FolderCaptionsTest, StandInMetadataOfTheFolderOrAClass) {
  for (const char* name : {"cat/0.png", "cat/1.png", "dog/0.png"}) write(name);
  write("metadata.jsonl",
        "\xef\xbb\xbf"
        R"({"file_name": "cat/0.png", "text": "a cat", "score": NaN})"
        "\r\n\n"
        R"({"text": ["one", "two", null], "file_name": "./dog/0.png"})"
        "\n"
        R"({"file_name": "cat/9.png", "text": "x"})");
  write("cat/metadata.csv", "id,file_name,text\n1,1.png,\"a \"\"cat\"\", asleep\"\n2,,none\n3,0.png,a cat\n");
  EXPECT_EQ(captions(), (Names{"a cat", "a \"cat\", asleep", "one|two"}));
  EXPECT_EQ(open()->unused().lines(), (Names{"1 row of metadata without a picture: 'metadata.jsonl: cat/9.png'",
                                             "1 row of metadata not understood: 'cat/metadata.csv: a row without a "
                                             "file_name'"}));
}

TEST_F(FolderCaptionsTest, MayBeCalledCaption) {
  write("0.png");
  write("metadata.csv", "file_name,caption\n0.png,a cat\n");
  EXPECT_EQ(captions(), Names{"a cat"});
}

TEST_F(FolderCaptionsTest, WhatCannotBeReadIsSaid) {
  write("0.png");
  write("metadata.jsonl",
        "{\n"
        R"({"text": "x"})"
        "\n"
        R"({"file_name": 3})"
        "\n[]\n");
  expect_contains(open()->unused().lines().at(0), "4 rows of metadata not understood, such as 'metadata.jsonl: row: ");
  write("metadata.csv", "name,text\n0.png,x\n");
  expect_contains(open()->unused().lines().at(0), "5 rows of metadata not understood");
  write("metadata.jsonl", std::string(2 << 20, ' '));
  expect_contains(error_of([&] { open(); }), "a row is larger than 1048576 bytes");
  write("metadata.jsonl", "");
  write("metadata.csv", "file_name,text\n0.png,\"" + std::string(2 << 20, 'x'));
  expect_contains(error_of([&] { open(); }), "a row is larger than 1048576 bytes");
}

TEST_F(FolderCaptionsTest, TextThatIsNoUtf8IsAnErrorWhenItIsRead) {
  write("0.png");
  write("0.txt", "\xff");
  expect_contains(error_of([&] { captions(); }), "not UTF-8");
}

}  // namespace
}  // namespace pixnerd::data
