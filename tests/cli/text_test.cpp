// `pixnerd sample` with prompts, and pictures that are drawn again.
#include <algorithm>
#include <fstream>

#include "sample/record.h"
#include "tests/cli/text_program.h"
#include "tests/models/dinov2_weights.h"

namespace pixnerd::cli {
namespace {

namespace fs = std::filesystem;
using image::distance;
using image::Image;

class TextTest : public TextProgram {};

TEST_F(TextTest, PicturesShowTheirPrompts) {
  const Image fox = picture({"--prompt", "ab"});
  EXPECT_EQ(fox.width, 8);
  EXPECT_EQ(picture({"--prompt", "ab"}).rgb, fox.rgb);
  EXPECT_NE(picture({"--prompt", "cd"}).rgb, fox.rgb);
  EXPECT_NE(picture({"--prompt", "ab", "--seed", "1"}).rgb, fox.rgb);
  EXPECT_NE(picture({"--prompt", "ab", "--negative-prompt", "cd"}).rgb, fox.rgb);
  EXPECT_EQ(picture({"--prompt", "ab", "--negative-prompt", "ab"}).rgb,
            picture({"--prompt", "ab", "--guidance", "1"}).rgb);
  EXPECT_NE(picture({"--prompt", ""}).rgb, fox.rgb);
}

TEST_F(TextTest, AGridHasAPromptARow) {
  const Outcome outcome =
      sample({"--prompt", "ab", "--prompt", "cd", "--count", "3", "--seed", "7", "--labels"}, "grid.png");
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_TRUE(outcome.says("6 pictures in 3 columns, seeds 7 to 12")) << outcome.out;
}

TEST_F(TextTest, AFileOfPrompts) {
  write("lines.txt", "ab\n\ncd\n");
  ASSERT_EQ(sample({"--prompts", path("lines.txt"), "--count", "2"}, "lines").code, 0);
  ASSERT_EQ(sample({"--prompt", "ab", "--prompt", "cd", "--count", "2"}, "flags").code, 0);
  for (const char* name : {"/00000.png", "/00001.png", "/00002.png", "/00003.png"}) {
    EXPECT_EQ(read(std::string("lines") + name).rgb, read(std::string("flags") + name).rgb);
  }

  write("lines.jsonl",
        "{\"prompt\": \"ab\"}\n{\"prompt\": \"cd\", \"seed\": 5, \"size\": [16, 8], \"negative_prompt\": \"e\"}\n"
        "{\"prompt\": \"\", \"size\": [8, 8]}\n");
  const Outcome outcome = sample({"--prompts", path("lines.jsonl")}, "json");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_TRUE(outcome.says("3 pictures, seeds from 0 to 5")) << outcome.out;
  EXPECT_EQ(read("json/00001.png").width, 16);
  EXPECT_EQ(read("json/00001.png").rgb,
            picture({"--prompt", "cd", "--seed", "5", "--size", "16x8", "--negative-prompt", "e"}).rgb);
  expect_error(sample({"--prompts", path("lines.jsonl")}, "all.npz"), 1, "several sizes");
}

TEST_F(TextTest, PicturesOfSeveralSizesStandInCellsOfTheLargest) {
  write("sizes.jsonl",
        "{\"prompt\": \"ab\", \"seed\": 4}\n{\"prompt\": \"ab\", \"seed\": 4, \"size\": [16, 24]}\n"
        "{\"prompt\": \"cd\", \"seed\": 4}\n");
  ASSERT_EQ(sample({"--prompts", path("sizes.jsonl"), "--columns", "3"}, "sizes.png").code, 0);
  const Image grid = read("sizes.png"), alone = picture({"--prompt", "ab", "--seed", "4"});
  EXPECT_EQ(grid.width, 3 * 16 + 4 * 2);
  EXPECT_EQ(grid.height, 24 + 2 * 2);
  EXPECT_EQ(grid.row(2)[0], 255);
  for (int y = 0; y < alone.height; ++y) {
    EXPECT_TRUE(std::equal(alone.row(y), alone.row(y) + alone.row_bytes(), grid.row(2 + 8 + y) + size_t{3} * (2 + 4)));
  }
  EXPECT_TRUE(sample({"--again", path("sizes.png")}, "again.png").code == 0);
  EXPECT_EQ(read("again.png").rgb, grid.rgb);
}

TEST_F(TextTest, AManifestRepeatsAFolder) {
  write("p.jsonl", "{\"prompt\": \"ab\", \"size\": [16, 8]}\n{\"prompt\": \"cd\"}\n{\"prompt\": \"ef\"}\n");
  ASSERT_EQ(sample({"--prompts", path("p.jsonl"), "--batch", "2", "--count", "3"}, "first").code, 0);
  // The manifest's lines are in the order of drawing; the pictures keep their names.
  auto records = sample::read_records(path("first/manifest.jsonl"));
  std::sort(records.begin(), records.end(), [](const auto& a, const auto& b) { return a.file < b.file; });
  ASSERT_EQ(records.size(), 9U);
  EXPECT_EQ(records[0].prompt, "ab");
  EXPECT_EQ(records[0].negative_prompt, "");
  EXPECT_EQ(records[0].checkpoint, "t2i.safetensors");
  EXPECT_EQ(records[0].text_encoder, "qwen3");
  const Outcome all = sample({"--again", path("first/manifest.jsonl")}, "second");
  ASSERT_EQ(all.code, 0) << all.err;
  for (const sample::PictureRecord& record : records) {
    EXPECT_EQ(read("first/" + record.file).rgb, again(path("first/" + record.file)).rgb) << record.file;
  }
  for (const sample::PictureRecord& record : records) {
    EXPECT_EQ(read("first/" + record.file).rgb, read("second/" + record.file).rgb) << record.file;
  }
}

TEST_F(TextTest, AFolderOfSeveralRunsNeedsAChoice) {
  sample::write_tiny_model(path("other.safetensors"), tiny_text_description(), 2);
  ASSERT_EQ(sample({"--prompt", "ab", "--count", "3"}, "m").code, 0);
  ASSERT_EQ(program_({"sample", "--checkpoint", path("other.safetensors"), "--text-encoder", file("qwen3"), "--prompt",
                      "cd", "--out", path("m"), "--overwrite", "--threads", "2"})
                .code,
            0);
  const auto again_with = [&](const Arguments& more) {
    Arguments all{"sample",         "--again",    path("m/manifest.jsonl"), "--out", path("again"),
                  "--text-encoder", file("qwen3")};
    all.insert(all.end(), more.begin(), more.end());
    return program_(all);
  };
  expect_error(again_with({}), 1, "from several checkpoints; choose one with --checkpoint");
  const Outcome outcome = again_with({"--checkpoint", path("other.safetensors"), "--threads", "1"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(read("again/00000.png").rgb, read("m/00000.png").rgb);
  EXPECT_GT(distance(read("again/00001.png"), read("m/00001.png")), 1);
}

TEST_F(TextTest, ACheckpointThatWasReplacedIsWarnedOf) {
  fs::copy_file(file("t2i.safetensors"), path("last.safetensors"));
  const Arguments drawn{
      "sample", "--checkpoint", path("last.safetensors"), "--text-encoder", file("qwen3"), "--prompt", "ab",
      "--out",  path("a.png")};
  ASSERT_EQ(program_(drawn).code, 0);
  const auto repeat = [&] {
    return program_(
        {"sample", "--again", path("a.png"), "--text-encoder", file("qwen3"), "--out", path("b.png"), "--overwrite"});
  };
  EXPECT_FALSE(repeat().complains("has changed"));
  sample::write_tiny_model(path("last.safetensors"), tiny_text_description(), 2);
  const Outcome outcome = repeat();
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_TRUE(outcome.complains("last.safetensors' has changed since the picture was drawn")) << outcome.err;
}

TEST_F(TextTest, AGridAndAClassAreRepeated) {
  ASSERT_EQ(sample({"--prompt", "ab", "--prompt", "cd", "--count", "3"}, "grid.png").code, 0);
  const Image grid = read("grid.png");
  EXPECT_EQ(again(path("grid.png")).rgb, grid.rgb);
  EXPECT_EQ(again(path("again.png")).rgb, grid.rgb);
  for (const Arguments& prompts : {Arguments{"--prompt", "ab", "--prompt", "cd"}, Arguments{"--prompt", "ab"}}) {
    Arguments labelled = prompts;
    labelled.insert(labelled.end(), {"--labels", "--overwrite"});
    ASSERT_EQ(sample(labelled, "labelled.png").code, 0);
    EXPECT_EQ(again(path("labelled.png")).rgb, read("labelled.png").rgb);
    EXPECT_EQ(again(path("again.png")).rgb, read("labelled.png").rgb);
    Arguments plain = prompts;
    plain.emplace_back("--overwrite");
    ASSERT_EQ(sample(plain, "plain.png").code, 0);
    EXPECT_NE(again(path("plain.png")).height, read("labelled.png").height);
  }
  ASSERT_EQ(sample({"--again", path("labelled.png")}, "apart").code, 0);
  EXPECT_EQ(read("apart/00000.png").height, 8);
  const Outcome classes = program_({"sample", "--checkpoint", file("classes.safetensors"), "--classes", "0,2", "--out",
                                    path("classes.png"), "--batch", "1"});
  ASSERT_EQ(classes.code, 0) << classes.err;
  EXPECT_EQ(again(path("classes.png")).rgb, read("classes.png").rgb);
}

TEST_F(TextTest, APictureIsRepeatedOtherwise) {
  const Image first = picture({"--prompt", "ab"});
  EXPECT_EQ(again(path("picture.png"), {"--threads", "2"}).rgb, first.rgb);
  EXPECT_NE(again(path("picture.png"), {"--steps", "5"}).rgb, first.rgb);
  EXPECT_EQ(again(path("picture.png"), {"--size", "16x12"}).height, 12);
  fs::copy_file(file("t2i.safetensors"), path("moved.safetensors"));
  fs::copy(file("qwen3"), path("moved-qwen3"));
  EXPECT_EQ(
      again(path("picture.png"), {"--checkpoint", path("moved.safetensors"), "--text-encoder", path("moved-qwen3")})
          .rgb,
      first.rgb);
  EXPECT_EQ(sample::read_records(path("again.png")).front().checkpoint, "moved.safetensors");
  expect_error(program_({"sample", "--again", path("picture.png"), "--out", path("a.png"), "--checkpoint",
                         file("classes.safetensors")}),
               1, "not what the checkpoint draws");
  expect_error(program_({"sample", "--again", path("picture.png"), "--out", path("a.png"), "--prompt", "cd"}), 2,
               "--again");
}

TEST_F(TextTest, DecodeSizeTakesItsTimeWithIt) {
  const Image large = picture({"--prompt", "ab", "--decode-size", "16x24", "--decode-time", "0.3"});
  EXPECT_EQ(large.width, 16);
  EXPECT_EQ(large.height, 24);
  EXPECT_EQ(picture({"--prompt", "ab", "--decode-size", "16x24@0.3"}).rgb, large.rgb);
  EXPECT_EQ(again(path("picture.png")).rgb, large.rgb);
  EXPECT_NE(picture({"--prompt", "ab", "--decode-size", "16x24@0.7"}).rgb, large.rgb);
  EXPECT_EQ(picture({"--prompt", "ab", "--decode-size", "none"}).width, 8);
  const auto refused = [&](const Arguments& more, const std::string& what) {
    Arguments all{"--prompt", "ab"};
    all.insert(all.end(), more.begin(), more.end());
    expect_error(sample(all, "a.png"), 2, what);
  };
  refused({"--decode-size", "16x24@0.3", "--decode-time", "0.3"}, "one too many");
  refused({"--decode-size", "16x24@2"}, "--decode-time");
  refused({"--decode-size", "16x24@"}, "--decode-time");
  refused({"--decode-size", "16@0.5"}, "--decode-size");
  expect_error(sample({"--prompt", "ab", "--decode-size", "16x25"}, "a.png"), 1, "16x25");
}

TEST_F(TextTest, TheHeavyDecoderDrawsSizesThatItsTokensFit) {
  EXPECT_EQ(picture({"--prompt", "ab", "--size", "12x12"}, "heavy").width, 12);
  // The published model's rule, 512 pixels of the picture to as many of the decoder's patches as of the transformer's.
  expect_error(sample({"--prompt", "ab", "--size", "12x12", "--decoder", "heavy"}, "a.png"), 1, "multiple of 128");
  const Outcome outcome = sample({"--prompt", "ab", "--size", "13x13"}, "a.png", "heavy");
  expect_error(outcome, 1, "13x13");
  EXPECT_TRUE(outcome.complains("12 or 14")) << outcome.err;
  expect_error(sample({"--prompt", "ab", "--size", "10x8"}, "a.png"), 1, "10x8");
}

TEST_F(TextTest, ALongPromptIsCutWithAWarning) {
  const Outcome outcome = sample({"--prompt", "one two three"}, "a.png");
  EXPECT_EQ(outcome.code, 0);
  EXPECT_TRUE(outcome.complains("the prompt 'one t' has 13 tokens")) << outcome.err;
  EXPECT_TRUE(outcome.complains("it is cut behind 'one t', 'wo three' is not read")) << outcome.err;
  EXPECT_EQ(read("a.png").rgb, picture({"--prompt", "one t"}).rgb);
}

TEST_F(TextTest, PromptsAreKeptInACache) {
  const Image first = picture({"--prompt", "ab", "--prompt-cache", path("cache")});
  EXPECT_FALSE(fs::is_empty(path("cache")));
  EXPECT_EQ(picture({"--prompt", "ab", "--prompt-cache", path("cache")}).rgb, first.rgb);
}

TEST_F(TextTest, WhatDoesNotFitIsRefused) {
  const std::string t2i = file("t2i.safetensors"), classes = file("classes.safetensors");
  expect_error(sample({}, "a.png"), 2, "--prompt or --prompts is required");
  expect_error(sample({"--classes", "0"}, "a.png"), 2, "draws prompts, not classes");
  expect_error(sample({"--prompt", "ab"}, "a.png", "classes"), 2, "draws classes, not prompts");
  expect_error(sample({"--prompt", "ab", "--prompts", "x"}, "a.png"), 2, "--prompt");
  expect_error(program_({"sample", "--checkpoint", t2i, "--prompt", "ab", "--out", path("a.png")}), 2,
               "--text-encoder is required");
  write("broken.jsonl", "{\"prompt\": \"ab\"}\n{\"prompt\": 3, \"sede\": 1}\n");
  expect_error(sample({"--prompts", path("broken.jsonl")}, "a"), 1, "broken.jsonl:2");
  expect_error(sample({"--prompts", path("none.txt")}, "a"), 1, "none.txt");
  write("sizes.jsonl", "{\"prompt\": \"ab\"}\n{\"prompt\": \"cd\", \"size\": [20, 18]}\n");
  expect_error(sample({"--prompts", path("sizes.jsonl")}, "a"), 1, "sizes.jsonl:2: an image of 20x18");
  expect_error(sample({"--prompt", "ab", "--seed", "18446744073709551616"}, "a"), 2, "--seed");
  write("seeds.jsonl", "{\"prompt\": \"ab\", \"seed\": 18446744073709551616}\n");
  expect_error(sample({"--prompts", path("seeds.jsonl")}, "a"), 1, "seeds.jsonl:1");
  for (const Arguments& of_text : {Arguments{"--text-encoder", file("qwen3")}, Arguments{"--negative-prompt", "ab"},
                                   Arguments{"--prompt-cache", path("cache")}}) {
    Arguments all{"sample", "--checkpoint", classes, "--classes", "0", "--out", path("a.png")};
    all.insert(all.end(), of_text.begin(), of_text.end());
    expect_error(program_(all), 2, "draws classes, not prompts");
  }
  EXPECT_TRUE(fs::is_empty(own_.path()) || !fs::exists(path("a.png")));
}

// What records cannot hold is refused before anything is drawn, in flags as in files.
TEST_F(TextTest, BytesThatAreNoTextAreRefused) {
  expect_error(sample({"--prompt", "a\xff"}, "a.png"), 2, "is no text in UTF-8");
  expect_error(sample({"--prompt", "ab", "--negative-prompt", "c\xff"}, "a.png"), 2, "no text in UTF-8");
  write("latin.txt", "a\xff");
  expect_error(sample({"--prompts", path("latin.txt")}, "a"), 1, "latin.txt:1: is no text in UTF-8");
  EXPECT_EQ(picture({"--prompt", "\ufeffab"}).rgb, picture({"--prompt", "ab"}).rgb);
  fs::copy_file(file("t2i.safetensors"), path("t\xff.safetensors"));
  fs::copy(file("qwen3"), path("q\xff"));
  expect_error(program_({"sample", "--checkpoint", path("t\xff.safetensors"), "--text-encoder", file("qwen3"),
                         "--prompt", "ab", "--out", path("a.png")}),
               1, "no UTF-8");
  expect_error(program_({"sample", "--checkpoint", file("t2i.safetensors"), "--text-encoder", path("q\xff"), "--prompt",
                         "ab", "--out", path("a.png")}),
               1, "--text-encoder");
  EXPECT_FALSE(fs::exists(path("a.png")));
}

TEST_F(TextTest, AnEncoderThatDoesNotMatchNamesTheField) {
  const auto with = [&](const std::string& name, const std::function<void(const fs::path&)>& change) {
    fs::copy(file("qwen3"), path(name));
    change(path(name));
    return program_({"sample", "--checkpoint", file("t2i.safetensors"), "--prompt", "ab", "--text-encoder", path(name),
                     "--out", path("a.png")});
  };
  const auto set = [](const char* key, int value) {
    return [=](const fs::path& folder) {
      nlohmann::json config = models::tiny_qwen3_json();
      config[key] = value;
      std::ofstream(folder / "config.json") << config.dump();
    };
  };
  expect_error(with("vocabulary", set("vocab_size", 290)), 1, "vocab_size");
  expect_error(with("layers", set("num_hidden_layers", 3)), 1, "num_hidden_layers");
  expect_error(with("tokenizer", [](const fs::path& folder) { fs::remove(folder / "tokenizer.json"); }), 1,
               "tokenizer.json");
  expect_error(with("weights", [](const fs::path& folder) { fs::remove(folder / "model.safetensors"); }), 1,
               "model.safetensors");
  EXPECT_FALSE(fs::exists(path("a.png")));

  sample::ModelDescription other = tiny_text_description();
  other.model.txt_embed_dim = 6;
  sample::write_tiny_model(path("narrow.safetensors"), other);
  const Outcome narrow = program_({"sample", "--checkpoint", path("narrow.safetensors"), "--prompt", "ab",
                                   "--text-encoder", file("qwen3"), "--out", path("a.png")});
  EXPECT_EQ(narrow.code, 0);
  EXPECT_TRUE(narrow.complains("have width 16, the network reads 6: they are cut")) << narrow.err;
}

TEST_F(TextTest, EvalDrawsPromptsInTurn) {
  const auto weights = models::dinov2_weights();
  checkpoint::save_safetensors(path("dinov2.safetensors"), {weights.begin(), weights.end()});
  write("p.txt", "ab\ncd\n");
  ASSERT_EQ(sample({"--prompt", "ef", "--count", "6"}, "reference").code, 0);
  ASSERT_EQ(sample({"--prompt", "ab", "--prompt", "cd", "--prompt", "ab", "--prompt", "cd"}, "drawn.npz").code, 0);
  const auto eval = [&](const Arguments& more) {
    Arguments all{"eval",    "--dinov2",    path("dinov2.safetensors"), "--resamples", "0", "--json", "--metrics",
                  "fid,kid", "--reference", path("reference")};
    all.insert(all.end(), more.begin(), more.end());
    return program_(all);
  };
  const Arguments drawing{"--checkpoint", file("t2i.safetensors"), "--count", "4", "--sample-batch", "16"};
  const auto drawn = [&](const Arguments& more) {
    Arguments all = drawing;
    all.insert(all.end(), more.begin(), more.end());
    return eval(all);
  };
  const Outcome outcome = drawn({"--prompts", path("p.txt"), "--text-encoder", file("qwen3")});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, eval({"--images", path("drawn.npz")}).out);
  expect_error(drawn({"--prompts", path("p.txt")}), 2, "--text-encoder is required");
  expect_error(drawn({"--text-encoder", file("qwen3")}), 2, "--prompts is required");
  expect_error(drawn({"--classes", "0", "--text-encoder", file("qwen3")}), 2, "draws prompts, not classes");
  write("sizes.jsonl", "{\"prompt\": \"ab\", \"size\": [16, 8]}\n");
  expect_error(drawn({"--prompts", path("sizes.jsonl"), "--text-encoder", file("qwen3")}), 1, "has a size of its own");
  expect_error(eval({"--checkpoint", file("classes.safetensors"), "--prompts", path("p.txt"), "--count", "4"}), 2,
               "draws classes, not prompts");
}

// Before anything is loaded: there is no text encoder here.
TEST_F(TextTest, MoreMemoryThanThereIsIsRefusedFirst) {
  const auto outcome = [&](const Arguments& more) {
    Arguments all{"--prompt", "ab", "--count", "65536", "--text-encoder", path("none")};
    all.insert(all.end(), more.begin(), more.end());
    Arguments whole{"sample", "--checkpoint", file("t2i.safetensors"), "--out", path("a")};
    whole.insert(whole.end(), all.begin(), all.end());
    return program_(whole);
  };
  const Outcome refused = outcome({"--size", "16384x16384", "--batch", "65536"});
  expect_error(refused, 1, "drawing 1 picture of 16384x16384 pixels needs about ");
  EXPECT_TRUE(refused.complains("are available; ask for a smaller --size, or --dtype bfloat16")) << refused.err;
  expect_error(outcome({"--size", "10x10"}), 1, "10x10");  // a size that is impossible is told first, too
  expect_error(outcome({}), 1, "none");
  EXPECT_FALSE(fs::exists(path("a")) && !fs::is_empty(path("a")));
}

}  // namespace
}  // namespace pixnerd::cli
