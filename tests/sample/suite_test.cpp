#include "sample/suite.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "core/errors.h"
#include "core/file.h"
#include "core/uncommitted_file.h"
#include "image/codec.h"
#include "tests/core/temporary_folder.h"
#include "tests/core/thrown.h"
#include "tests/image/pictures.h"

namespace pixnerd::sample {
namespace {

class Suites : public testing::Test {
 protected:
  std::filesystem::path write(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories((folder_ / name).parent_path());
    write_file_atomically(folder_ / name, [&](std::ostream& out) { out << text; });
    return folder_ / name;
  }

  static SuiteRequest request() {
    SuiteRequest request;
    request.settings.size = {4, 4};
    request.common.checkpoint = "a.ckpt";
    return request;
  }

  // Draws noise for all that is missing, up to `most` pictures.
  static void fill(SuiteFolder& suite, size_t most = 1000) {
    std::vector<int64_t> missing = suite.missing();
    missing.resize(std::min(most, missing.size()));
    suite.open();
    for (const int64_t picture : missing) suite.put(picture, image::noise(4, 4, static_cast<uint32_t>(picture)));
  }

  TemporaryFolder folder_;
};

TEST_F(Suites, GenevalKeepsEveryLine) {
  const Suite suite = read_geneval(
      write("m.jsonl", "{\"prompt\": \"a\", \"x\":  [1, null]}\r\n\n{\"tag\": 1.50, \"prompt\": \"b\"}"), 2);
  EXPECT_EQ(suite.prompts, (std::vector<std::string>{"a", "b"}));
  ASSERT_EQ(suite.notes.size(), 2U);
  EXPECT_EQ(suite.notes[0].second, "{\"prompt\": \"a\", \"x\":  [1, null]}");
  EXPECT_EQ(suite.notes[1].second, "{\"tag\": 1.50, \"prompt\": \"b\"}");
  EXPECT_EQ(suite.notes[1].first, "00001/metadata.jsonl");
  ASSERT_EQ(suite.files.size(), 4U);
  EXPECT_EQ(suite.files[3], "00001/samples/0001.png");
  EXPECT_EQ(suite.file_of(3), 3U);
}

TEST_F(Suites, DpgTakesTheTextsOfAFolderInTheOrderOfNames) {
  write("p/b.txt", " two\nlines \n");
  write("p/a.txt", "one");
  write("p/c.png", "");
  const Suite suite = read_dpg(folder_ / "p");
  EXPECT_EQ(suite.prompts, (std::vector<std::string>{"one", "two\nlines"}));
  EXPECT_EQ(suite.files, (std::vector<std::filesystem::path>{"a.png", "b.png"}));
  EXPECT_EQ(suite.pictures(), 8);
  EXPECT_EQ(suite.file_of(7), 1U);
}

// As Python's open(), read() and strip() do.
TEST_F(Suites, DpgReadsPromptsAsItsEvaluatorDoes) {
  write("p/a.txt", "\xEF\xBB\xBFone\n");
  write("p/b.txt", "\u3000 two\r\nlines\rmore\u00a0\r\n");
  write("p/._a.txt", std::string("\0\5\x16\7", 4));
  write("p/.ipynb_checkpoints/a.txt", "no");
  const Suite suite = read_dpg(folder_ / "p");
  EXPECT_EQ(suite.prompts, (std::vector<std::string>{"one", "two\nlines\nmore"}));
  EXPECT_TRUE(misread_names(suite).empty());
  write("p/c.1.txt", "three");
  EXPECT_EQ(misread_names(read_dpg(folder_ / "p")), (std::vector<std::filesystem::path>{"c.1.png"}));
  for (const std::string& bad : {std::string("\xFF\xFE\x61\0", 4), std::string("caf\xE9"), std::string(" \n")}) {
    write("p/d.txt", bad);
    const std::string message = thrown<DataError>([&] { read_dpg(folder_ / "p"); });
    EXPECT_NE(message.find("d.txt"), std::string::npos) << message;
  }
}

TEST_F(Suites, AByteOrderMarkIsNoPartOfMetadata) {
  const Suite suite = read_geneval(write("m.jsonl", "\xEF\xBB\xBF{\"prompt\": \"a\"}\r\n{\"prompt\": \"b\"}\n"), 1);
  EXPECT_EQ(suite.prompts, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(suite.notes[0].second, "{\"prompt\": \"a\"}");
  const auto wide = write("w.jsonl", std::string("{\0}\0", 4));
  EXPECT_NE(thrown<DataError>([&] { read_geneval(wide, 1); }).find("UTF-16LE"), std::string::npos);
}

TEST_F(Suites, WhatIsMissingIsDrawn) {
  const Suite suite =
      read_geneval(write("m.jsonl", "{\"prompt\": \"a\"}\n{\"prompt\": \"b\"}\n{\"prompt\": \"c\"}"), 3);
  {
    SuiteFolder first(folder_ / "out", suite, request());
    EXPECT_EQ(first.missing(), (std::vector<int64_t>{0, 1, 2, 3, 4, 5, 6, 7, 8}));
    EXPECT_FALSE(std::filesystem::exists(folder_ / "out"));
    fill(first, 6);
    EXPECT_EQ(first.finished(), 6);
    SuiteFolder beside(folder_ / "out", suite, request());
    EXPECT_NE(thrown<RequestError>([&] { beside.open(); }).find("another process"), std::string::npos);
  }
  const SuiteFolder second(folder_ / "out", suite, request());
  EXPECT_EQ(second.finished(), 6);
  EXPECT_EQ(second.missing(), (std::vector<int64_t>{6, 7, 8}));
  std::filesystem::remove(folder_ / "out/00000/samples/0001.png");
  SuiteFolder third(folder_ / "out", suite, request());
  EXPECT_EQ(third.missing(), (std::vector<int64_t>{1, 6, 7, 8}));
  const PictureRequest wanted = third.request_of(7);
  EXPECT_EQ(wanted.prompt, "c");
  EXPECT_EQ(wanted.seed, 1U);
  EXPECT_EQ(wanted.settings->size, (PictureSize{4, 4}));
  fill(third);
  EXPECT_TRUE(SuiteFolder(folder_ / "out", suite, request()).missing().empty());
}

TEST_F(Suites, AGridAppearsWithItsLastPicture) {
  write("p/a.txt", "one");
  write("p/b.txt", "two");
  {
    SuiteFolder first(folder_ / "out", read_dpg(folder_ / "p"), request());
    fill(first, 6);
    EXPECT_EQ(first.finished(), 4);
  }
  EXPECT_TRUE(std::filesystem::exists(folder_ / "out/a.png"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "out/b.png"));
  SuiteFolder second(folder_ / "out", read_dpg(folder_ / "p"), request());
  EXPECT_EQ(second.missing(), (std::vector<int64_t>{4, 5, 6, 7}));
  fill(second);
  const image::Image grid = image::read_image(folder_ / "out/b.png");
  EXPECT_EQ(grid.width, 8);
  EXPECT_EQ(grid.row(4)[4 * 3], image::noise(4, 4, 7).rgb[0]);
  const auto records = read_records(folder_ / "out/b.png");
  ASSERT_EQ(records.size(), 4U);
  EXPECT_EQ(records[3].seed, 3);
  EXPECT_EQ(records[3].columns, 2);
  EXPECT_EQ(records[3].padding, 0);
}

TEST_F(Suites, PicturesThatWereMadeOtherwiseAreNotMixedIn) {
  const Suite suite = read_geneval(write("m.jsonl", "{\"prompt\": \"a\"}"), 2);
  SuiteFolder first(folder_ / "out", suite, request());
  fill(first);
  SuiteRequest other = request();
  other.common.checkpoint = "b.ckpt";
  const std::string message = thrown<RequestError>([&] { SuiteFolder(folder_ / "out", suite, other); });
  EXPECT_NE(message.find("checkpoint is a.ckpt, not b.ckpt"), std::string::npos) << message;
  other.overwrite = true;
  EXPECT_EQ(SuiteFolder(folder_ / "out", suite, other).missing(), (std::vector<int64_t>{0, 1}));
  other = request();
  other.common.checkpoint_hash = "1";  // the record has none, as of earlier versions: its path counts
  EXPECT_EQ(SuiteFolder(folder_ / "out", suite, other).finished(), 2);
  // One by an earlier version, which says what it was computed beside: rounding alone.
  const auto path = folder_ / "out/00000/samples/0001.png";
  PictureRecord old = read_records(path).front();
  old.batch = old.threads = 4;
  old.place = 3;
  image::write_png(path, image::read_image(path), {{kRecordKeyword, to_json(old)}});
  EXPECT_EQ(SuiteFolder(folder_ / "out", suite, request()).finished(), 2);
}

TEST_F(Suites, NotesOfAnotherSuiteAreNotReplacedUnlessAskedFor) {
  const auto metadata = write("m.jsonl", "{\"prompt\": \"a\", \"tag\": \"counting\"}");
  write("out/00000/metadata.jsonl", "{\"prompt\": \"a\", \"tag\": \"colors\"}");
  const Suite suite = read_geneval(metadata, 1);
  const std::string message = thrown<RequestError>([&] { SuiteFolder(folder_ / "out", suite, request()); });
  EXPECT_NE(message.find("says something else than this suite"), std::string::npos) << message;
  SuiteRequest over = request();
  over.overwrite = true;
  SuiteFolder(folder_ / "out", suite, over).open();
  EXPECT_EQ(read_file(folder_ / "out/00000/metadata.jsonl", 100), suite.notes[0].second);
}

TEST_F(Suites, WhatIsReadIsNeverReplaced) {
  const auto metadata = write("m.jsonl", "{\"prompt\": \"a\"}");
  std::filesystem::create_directories(folder_ / "out/00000/samples");
  std::filesystem::create_symlink(metadata, folder_ / "out/00000/samples/0000.png");
  SuiteRequest over = request();
  over.overwrite = true;
  over.inputs.add(metadata);
  const auto open = [&] { SuiteFolder(folder_ / "out", read_geneval(metadata, 1), over); };
  EXPECT_NE(thrown<RequestError>(open).find("would replace what is read"), std::string::npos);
}

TEST_F(Suites, TheNetworkIsKnownByItsContent) {
  const Suite suite = read_geneval(write("m.jsonl", "{\"prompt\": \"a\"}"), 2);
  SuiteRequest moved = request();
  moved.common.checkpoint_hash = "12";
  SuiteFolder first(folder_ / "out", suite, moved);
  fill(first);
  moved.common.checkpoint = "b.ckpt";
  EXPECT_EQ(SuiteFolder(folder_ / "out", suite, moved).finished(), 2);
  SuiteRequest replaced = request();
  replaced.common.checkpoint_hash = "13";
  const std::string message = thrown<RequestError>([&] { SuiteFolder(folder_ / "out", suite, replaced); });
  EXPECT_NE(message.find("checkpoint_hash is \"12\", not \"13\""), std::string::npos) << message;
}

TEST_F(Suites, WhatARunningProcessWritesStays) {
  const Suite suite = read_geneval(write("m.jsonl", "{\"prompt\": \"a\"}"), 1);
  std::filesystem::create_directories(folder_ / "out/00000/samples");
  const UncommittedFile running(folder_ / "out/00000/samples/0000.png", 0644);
  const auto abandoned = write("out/00000/samples/.pixnerd-999999999-2.partial", "half");
  SuiteFolder(folder_ / "out", suite, request()).open();
  std::vector<std::filesystem::path> left;
  for (const auto& entry : std::filesystem::directory_iterator(folder_ / "out/00000/samples")) {
    if (is_uncommitted(entry.path())) left.push_back(entry.path());
  }
  EXPECT_EQ(left.size(), 1u);
  EXPECT_FALSE(std::filesystem::exists(abandoned));
}

TEST_F(Suites, PicturesThatTheEvaluatorWouldCountAreTold) {
  const auto metadata = write("m.jsonl", "{\"prompt\": \"a\"}\n{\"prompt\": \"b\"}");
  SuiteFolder four(folder_ / "out", read_geneval(metadata, 4), request());
  fill(four);
  EXPECT_TRUE(four.unexpected_pictures().empty());
  write("out/00000/grid.png", "");
  write("out/notes.txt", "");
  const SuiteFolder two(folder_ / "out", read_geneval(write("m.jsonl", "{\"prompt\": \"a\"}"), 2), request());
  EXPECT_EQ(two.finished(), 2);
  using Paths = std::vector<std::filesystem::path>;
  EXPECT_EQ(two.unexpected_pictures(),
            (Paths{"00000/samples/0002.png", "00000/samples/0003.png", "00001/samples/0000.png",
                   "00001/samples/0001.png", "00001/samples/0002.png", "00001/samples/0003.png"}));
  write("p/a.txt", "one");
  write("grids/b.png", "");
  write("grids/more/c.png", "");
  SuiteRequest beside = request();
  beside.overwrite = true;
  EXPECT_EQ(SuiteFolder(folder_ / "grids", read_dpg(folder_ / "p"), beside).unexpected_pictures(), Paths{"b.png"});
}

}  // namespace
}  // namespace pixnerd::sample
