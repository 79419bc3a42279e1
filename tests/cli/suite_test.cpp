// `pixnerd sample --suite`: pictures for the evaluators of prompt suites, whatever happens on the way.
#include <map>
#include <thread>

#include "core/random.h"
#include "sample/record.h"
#include "tests/cli/text_program.h"
#include "tests/core/waiting.h"

namespace pixnerd::cli {
namespace {

namespace fs = std::filesystem;
using image::Image;

constexpr const char* kMetadata =
    "{\"tag\": \"single_object\", \"include\": [{\"class\": \"bench\", \"count\": 1}], \"prompt\": \"ab\"}\n"
    "{\"prompt\":   \"c\\u00e9\", \"tag\": \"\xC3\xA9\"}\n"
    "{\"prompt\": \"ef\"}";

class SuiteTest : public TextProgram {
 protected:
  SuiteTest() {
    write("metadata.jsonl", kMetadata);
    for (const char* name : {"b", "a.2", "c"}) write(std::string("prompts/") + name + ".txt", concat(name, "\n"));
    write("prompts/readme.md", "no prompt");
  }

  Arguments geneval(const Arguments& more = {}) const {
    return with({"--suite", "geneval", "--metadata", path("metadata.jsonl")}, more);
  }
  Arguments dpg(const Arguments& more = {}) const {
    return with({"--suite", "dpg", "--prompts", path("prompts")}, more);
  }
  static Arguments with(Arguments all, const Arguments& more) {
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }

  // Every file below a folder, by its name.
  std::map<std::string, std::string> files(const std::string& folder) const {
    std::map<std::string, std::string> all;
    if (!fs::exists(path(folder))) return all;
    for (const auto& entry : fs::recursive_directory_iterator(path(folder))) {
      if (!entry.is_regular_file()) continue;
      all[fs::relative(entry.path(), path(folder)).string()] = checkpoint::read_whole(entry.path());
    }
    return all;
  }
  int64_t pictures(const std::string& folder) const {
    int64_t count = 0;
    std::error_code gone;  // files come and go meanwhile
    for (fs::recursive_directory_iterator each(path(folder), gone), end; !gone && each != end; each.increment(gone)) {
      count += each->path().extension() == ".png" ? 1 : 0;
    }
    return count;
  }

  void expect_succeeds(const Arguments& more, const std::string& out, const std::string& says) const {
    const Outcome outcome = sample(more, out);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_TRUE(outcome.says(says)) << outcome.out;
  }
};

TEST_F(SuiteTest, GenevalHasAFolderAPrompt) {
  expect_succeeds(geneval(), "out", "out: 12 pictures of 3 prompts, 12 of them drawn now");
  const auto all = files("out");
  EXPECT_EQ(all.size(), 15U);
  const std::string text = kMetadata;
  EXPECT_EQ(
      all.at("00000/metadata.jsonl") + "\n" + all.at("00001/metadata.jsonl") + "\n" + all.at("00002/metadata.jsonl"),
      text);
  EXPECT_EQ(read("out/00000/samples/0003.png").rgb, picture({"--prompt", "ab", "--seed", "3"}).rgb);
  EXPECT_EQ(read("out/00001/samples/0001.png").rgb, picture({"--prompt", "c\xC3\xA9", "--seed", "1"}).rgb);
  EXPECT_EQ(again(path("out/00002/samples/0002.png")).rgb, read("out/00002/samples/0002.png").rgb);
  const auto record = sample::read_records(path("out/00002/samples/0002.png")).front();
  EXPECT_EQ(record.seed, 2);
  EXPECT_EQ(record.prompt, "ef");
  EXPECT_EQ(record.columns, 0);
  expect_succeeds(geneval({"--count", "2"}), "two", "6 pictures of 3 prompts");
  EXPECT_FALSE(fs::exists(path("two/00000/samples/0002.png")));
  const Outcome fewer = sample(geneval({"--count", "2"}), "out");
  EXPECT_TRUE(fewer.complains("has 6 pictures that are none of this suite, such as '00000/samples/0002.png'"))
      << fewer.err;
}

TEST_F(SuiteTest, DpgHasAGridOfEqualQuartersAPrompt) {
  const Outcome outcome = sample(dpg({"--size", "12x8", "--batch", "3"}), "out");
  EXPECT_TRUE(outcome.says("12 pictures of 3 prompts")) << outcome.err;
  EXPECT_TRUE(outcome.complains("names up to the first dot")) << outcome.err;
  const auto all = files("out");
  ASSERT_EQ(all.size(), 3U);
  ASSERT_TRUE(all.contains("a.2.png") && all.contains("b.png") && all.contains("c.png"));
  const Image grid = read("out/c.png");
  ASSERT_EQ(grid.width, 24);
  ASSERT_EQ(grid.height, 16);
  for (int k = 0; k < 4; ++k) {
    const Image one = picture({"--prompt", "c", "--size", "12x8", "--seed", std::to_string(k)});
    for (int y = 0; y < 8; ++y) {
      EXPECT_TRUE(std::equal(one.row(y), one.row(y) + 36, grid.row(y + k / 2 * 8) + k % 2 * 36)) << k << ", row " << y;
    }
  }
  for (const char* name : {"out/a.2.png", "out/b.png", "out/c.png"}) {
    EXPECT_EQ(again(path(name)).rgb, read(name).rgb) << name;
  }
  EXPECT_EQ(sample::read_records(path("again.png")).size(), 4U);
}

TEST_F(SuiteTest, WhatIsThereStays) {
  for (const bool grids : {false, true}) {
    const Arguments suite = grids ? dpg({"--batch", "8"}) : geneval({"--batch", "8"});
    const std::string whole = grids ? "grids" : "singles", out = whole + "2";
    expect_succeeds(suite, whole, "12 of them drawn now");
    const auto all = files(whole);
    fs::copy(path(whole), path(out), fs::copy_options::recursive);
    const std::string first = grids ? "/b.png" : "/00001/samples/0000.png";
    fs::remove(path(out) + first);
    write(out + "/.pixnerd-999999999-2.partial", "half");
    const Arguments in_other_batches = grids ? dpg({"--batch", "3"}) : geneval();
    expect_succeeds(in_other_batches, out, grids ? "found 8 of 12 pictures" : "found 11 of 12 pictures");
    EXPECT_EQ(files(out), all);
    expect_succeeds(suite, out, "found 12 of 12 pictures");
    EXPECT_EQ(files(out), all);
  }
}

TEST_F(SuiteTest, KilledAtAnyMomentItEndsInTheSameFiles) {
  for (const bool grids : {false, true}) {
    std::string lines;
    for (int i = 0; i < 8; ++i) {
      lines += concat("{\"prompt\": \"", i, "\"}\n");
      write(concat("prompts/", i, ".txt"), concat(i));
    }
    write("metadata.jsonl", lines);
    const Arguments suite = with(grids ? dpg() : geneval(), {"--steps", "30", "--batch", "3"});
    const std::string whole = grids ? "grids" : "singles", out = whole + "2";
    ASSERT_EQ(sample(suite, whole).code, 0);
    int kills = 0, early = 0;
    for (; kills < 200; ++kills) {
      const int64_t before = pictures(out);
      program_.start(arguments(suite, out));
      const int64_t more = 1 + static_cast<int64_t>(random_bits(7, 0, static_cast<uint64_t>(kills)) % 5);
      ASSERT_TRUE(comes_true([&] { return pictures(out) >= std::min(before + more, pictures(whole)); }));
      program_.signal(SIGKILL);
      const Outcome outcome = program_.wait();
      early += outcome.code == -1 && pictures(out) < pictures(whole) ? 1 : 0;
      if (pictures(out) == pictures(whole)) break;
    }
    EXPECT_GT(early, 1);
    ASSERT_EQ(sample(suite, out).code, 0);
    EXPECT_EQ(files(out), files(whole));
  }
}

TEST_F(SuiteTest, AnInterruptEndsItWithHowToGoOn) {
  const Arguments suite = geneval({"--steps", "500", "--batch", "1"});
  program_.start(arguments(suite, "out"));
  ASSERT_TRUE(comes_true([&] { return pictures("out") > 0; }));
  program_.signal(SIGTERM);
  const Outcome outcome = program_.wait();
  EXPECT_EQ(outcome.code, 1);
  EXPECT_TRUE(outcome.complains("stopped with ")) << outcome.err;
  EXPECT_TRUE(outcome.complains(" of 12 pictures in '" + path("out") + "'; the same command draws the others"));
}

TEST_F(SuiteTest, WhatBelongsToSomethingElseIsRefused) {
  write("other/notes.txt", "mine");
  expect_error(sample(geneval(), "other"), 1, "has 'notes.txt' in it and no picture of this suite");
  expect_succeeds(geneval({"--overwrite"}), "other", "12 of them drawn now");
  EXPECT_EQ(files("other").at("notes.txt"), "mine");
  write("other/results.jsonl", "");  // beside pictures of the suite, other things do no harm
  expect_succeeds(geneval(), "other", "0 of them drawn now");

  const auto refused = [&](const Arguments& more, const std::string& why) {
    expect_error(sample(geneval(more), "other"), 1, why);
  };
  refused({"--guidance", "4"}, "guidance is 3.0, not 4.0");
  refused({"--negative-prompt", "x"}, "negative_prompt is");
  refused({"--dtype", "bfloat16"}, "dtype is float32, not bfloat16");
  refused({"--size", "16x8"}, "size is [8, 8], not [16, 8]");
  fs::copy_file(file("t2i.safetensors"), path("moved.safetensors"));
  fs::copy(file("qwen3"), path("encoder"), fs::copy_options::recursive);
  const auto from_moved = [&] {
    return program_({"sample", "--checkpoint", path("moved.safetensors"), "--text-encoder", path("encoder"), "--suite",
                     "geneval", "--metadata", path("metadata.jsonl"), "--out", path("other")});
  };
  const Outcome moved = from_moved();
  EXPECT_TRUE(moved.says("found 12 of 12 pictures")) << moved.err;
  sample::write_tiny_model(path("moved.safetensors"), tiny_text_description(), 9);
  expect_error(from_moved(), 1, "checkpoint_hash is");
  expect_succeeds(geneval({"--guidance", "4", "--overwrite"}), "other", "12 of them drawn now");
  expect_succeeds(geneval({"--guidance", "4", "--batch", "1"}), "other", "found 12 of 12 pictures");

  const std::string name = "other/00002/samples/0001.png", content = files("other").at("00002/samples/0001.png");
  write(name, content.substr(0, content.size() / 2));
  refused({"--guidance", "4"}, "0001.png' is there already and was made otherwise");
  expect_succeeds(geneval({"--guidance", "4", "--overwrite"}), "other", "1 of them drawn now");
  EXPECT_EQ(checkpoint::read_whole(path(name)), content);
  write("file", "");
  expect_error(sample(geneval(), "file"), 1, "is no folder");
}

TEST_F(SuiteTest, FlagsThatMakeNoSenseAreRefused) {
  const auto refused = [&](const Arguments& all, int code, const std::string& what, const std::string& out = "out") {
    expect_error(sample(all, out), code, what);
    EXPECT_FALSE(fs::exists(path("out")));
  };
  refused({"--suite", "geneval"}, 2, "--metadata");
  refused({"--suite", "dpg"}, 2, "--prompts");
  refused({"--suite", "coco"}, 2, "coco");
  refused({"--metadata", path("metadata.jsonl"), "--prompt", "ab"}, 2, "--suite");
  refused(geneval({"--prompts", "x"}), 2, "--metadata");
  refused(dpg({"--metadata", path("metadata.jsonl")}), 2, "--metadata");
  refused(dpg({"--count", "2"}), 2, "4 pictures");
  refused(geneval({"--seed", "3"}), 2, "--seed");
  refused(geneval({"--prompt", "x"}), 2, "--prompt");
  refused(geneval({"--labels"}), 2, "--labels");
  refused(geneval(), 2, "folder", "out.png");
  refused(geneval({"--size", "10x8"}), 1, "10x8");
  refused(geneval({"--size", "16384x16384"}), 1, "needs about");
  expect_error(sample(geneval(), "out", "classes"), 2, "draws classes");
  for (const auto& [line, why] : std::map<std::string, std::string>{{"{\"prompt\": 3}", "no \"prompt\" with a text"},
                                                                    {"{\"tag\": \"a\"}", "no \"prompt\" with a text"},
                                                                    {"[]", "no \"prompt\""},
                                                                    {"{\"prompt\": ", "broken.jsonl:3"}}) {
    write("broken.jsonl", "{\"prompt\": \"ab\"}\n\n" + line + "\n");
    const Outcome outcome = sample({"--suite", "geneval", "--metadata", path("broken.jsonl")}, "out");
    expect_error(outcome, 1, why);
    EXPECT_TRUE(outcome.complains("broken.jsonl:3")) << outcome.err;
  }
  write("empty.jsonl", "\n");
  refused({"--suite", "geneval", "--metadata", path("empty.jsonl")}, 1, "has no prompt");
  refused({"--suite", "dpg", "--prompts", path("absent")}, 1, "absent");
  fs::create_directories(path("bare"));
  refused({"--suite", "dpg", "--prompts", path("bare")}, 1, "has no prompt");
}

}  // namespace
}  // namespace pixnerd::cli
