#include <nlohmann/json.hpp>

#include "checkpoint/tensors.h"
#include "tests/cli/text_program.h"
#include "tests/data/tars.h"
#include "tests/models/dinov2_weights.h"

namespace pixnerd::cli {
namespace {

// Pictures of three classes in two styles that are easily told apart, 16 pixels wide, with captions in two languages.
// Judged through a small DINOv2, as its distances take milliseconds.
class RetrievalTest : public TextProgram {
 protected:
  static void SetUpTestSuite() {
    TextProgram::SetUpTestSuite();
    const auto small = models::dinov2_weights();
    checkpoint::save_safetensors(file("dinov2.safetensors"), {small.begin(), small.end()});
    write_set("real.tar", 4, 0);
    write_set("other.tar", 2, 40);
    sample::ModelDescription styled = sample::tiny_description();
    styled.sample.size = {16, 16};
    styled.model.num_styles = 2;
    styled.styles = {"flat", "round"};
    sample::write_tiny_model(file("styled.safetensors"), styled);
  }

  static image::Image picture(int number, int style, int variant) {
    image::Image drawn = image::blank(16, 16);
    for (size_t k = 0; k < drawn.rgb.size(); ++k) {
      const auto colour = static_cast<int>(k % 3), row = static_cast<int>(k / 48);
      drawn.rgb[k] = static_cast<uint8_t>((colour == number ? 200 : 20 * style) + row * (style + 1) + variant % 7);
    }
    return drawn;
  }

  static void write_set(const std::string& name, int variants, int from) {
    std::string entries;
    const char* const classes[] = {"apple", "pear", "hot dog"};
    const char* const german[] = {"Apfel", "Birne", "Hotdog"};
    const char* const styles[] = {"flat", "round"};
    for (int number = 0; number < 3; ++number) {
      for (int style = 0; style < 2; ++style) {
        for (int variant = 0; variant < variants; ++variant) {
          const std::string key = concat(number, "_", style, "_", variant);
          nlohmann::json text;
          text["class"] = classes[number];
          text["style"] = styles[style];
          text["caption"]["en"] = {classes[number], concat(classes[number], ", ", styles[style])};
          text["caption"]["de"] = {german[number], concat(german[number], ", ", styles[style])};
          entries += data::tar_entry(key + ".json", text.dump());
          entries += data::tar_entry(key + ".png", data::png_bytes(picture(number, style, from + variant)));
        }
      }
    }
    checkpoint::write_whole(file(name), entries + data::kTarEnd);
  }

  Outcome eval(Arguments arguments) const {
    arguments.insert(arguments.begin(), {"eval", "--dinov2", file("dinov2.safetensors"), "--threads", "1"});
    return program_(arguments);
  }

  nlohmann::json judged(Arguments arguments) const {
    arguments.insert(arguments.end(), {"--retrieval", "--reference", file("real.tar"), "--json"});
    const Outcome outcome = eval(arguments);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return outcome.code == 0 ? nlohmann::json::parse(outcome.out) : nlohmann::json();
  }
};

TEST_F(RetrievalTest, RealPicturesAreWhatTheyAre) {
  const auto printed = judged({"--images", file("other.tar")});
  EXPECT_EQ(printed.at("pictures"), 12);
  EXPECT_FALSE(printed.contains("fd")) << "no metric was named";
  const auto& retrieval = printed.at("retrieval");
  EXPECT_EQ(retrieval.at("classes"), 3);
  EXPECT_EQ(retrieval.at("exemplars"), 24);
  EXPECT_EQ(retrieval.at("unseen").at("pictures"), 24);
  EXPECT_EQ(retrieval.at("unseen").at("folds"), 10);
  EXPECT_EQ(retrieval.at("all").at("top1"), 1);
  EXPECT_EQ(retrieval.at("all").at("style"), 1);
  EXPECT_EQ(retrieval.at("styles").at("round").at("pictures"), 6);
  EXPECT_TRUE(retrieval.at("confusions").empty());
  EXPECT_FALSE(retrieval.contains("languages"));
  const auto more = judged({"--images", file("other.tar"), "--judge-also", file("other.tar")});
  EXPECT_EQ(more.at("retrieval").at("exemplars"), 36);
}

TEST_F(RetrievalTest, ANetworkOfClassesDrawsEveryPictureOfASetOnce) {
  const Arguments drawn = {"--checkpoint", file("styled.safetensors"), "--labels-from", file("real.tar")};
  const auto printed = judged(drawn);
  EXPECT_EQ(printed.at("pictures"), 24);
  EXPECT_EQ(printed.at("retrieval").at("all").at("pictures"), 24);
  EXPECT_EQ(printed.at("retrieval").at("styles").at("flat").at("pictures"), 12);
  Arguments table = drawn;
  table.insert(table.end(), {"--retrieval", "--reference", file("real.tar"), "--borders", "8", "--metrics", "kd"});
  const Outcome outcome = eval(table);
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  for (const char* line : {"real pictures that the judge has not seen (10 folds): top-1 ", "recognised, %",
                           "\nstyle round  ", "\nkd  ", "differences across borders of 8x8 patches over those inside: ",
                           ", of the reference ", "of 24 pictures, seen by dinov2-2x64-"}) {
    EXPECT_TRUE(outcome.says(line)) << line << " is not in: " << outcome.out;
  }
}

TEST_F(RetrievalTest, ANetworkOfTextDrawsCaptions) {
  const Arguments drawn = {"--checkpoint", file("t2i.safetensors"), "--text-encoder",
                           file("qwen3"),  "--labels-from",         file("real.tar")};
  const auto with = [&](Arguments more) {
    more.insert(more.begin(), drawn.begin(), drawn.end());
    return judged(more).at("retrieval");
  };
  const auto all = with({"--count", "12"});
  EXPECT_EQ(all.at("languages").at("de").at("pictures"), 6);
  EXPECT_EQ(all.at("languages").at("en").at("pictures"), 6);
  const auto names = with({"--count", "5", "--languages", "en", "--caption", "1"});
  EXPECT_EQ(names.at("languages").size(), 1);
  EXPECT_EQ(names.at("captions").at("1").at("pictures"), 5);
  EXPECT_FALSE(names.contains("styles")) << "a plain name asks for none";
  Arguments unknown = drawn;
  unknown.insert(unknown.end(), {"--retrieval", "--reference", file("real.tar"), "--languages", "fr"});
  expect_error(eval(unknown), 1, "in the language 'fr'; there are de, en");
}

TEST_F(RetrievalTest, PromptsOfAFileSayWhatTheyAskFor) {
  write("prompts.jsonl",
        "{\"prompt\": \"an apple on a pear\", \"classes\": [\"apple\", \"pear\"], \"language\": \"en\"}\n"
        "{\"prompt\": \"ein Hotdog\", \"classes\": [\"hot dog\"], \"language\": \"de\"}\n");
  const Arguments drawn = {"--checkpoint", file("t2i.safetensors"), "--text-encoder", file("qwen3"),
                           "--prompts",    path("prompts.jsonl")};
  const auto retrieval = judged(drawn).at("retrieval");
  EXPECT_EQ(retrieval.at("all").at("pictures"), 2);
  EXPECT_EQ(retrieval.at("together").at("2").at("pictures"), 1);
  EXPECT_EQ(retrieval.at("all").at("top5"), 1) << "of three classes";
  Arguments judged_by = drawn;
  judged_by.insert(judged_by.end(), {"--retrieval", "--reference", file("real.tar")});
  write("prompts.jsonl", "{\"prompt\": \"a zeppelin\", \"classes\": [\"zeppelin\"]}\n");
  const Outcome unknown = eval(judged_by);
  EXPECT_EQ(unknown.code, 1);
  EXPECT_TRUE(unknown.complains("no picture that the judge learns from shows 'zeppelin'")) << unknown.err;
  write("prompts.jsonl", "a zeppelin\n");
  const Outcome nameless = eval(judged_by);
  EXPECT_EQ(nameless.code, 1);
  EXPECT_TRUE(nameless.complains("give \"classes\" with every prompt")) << nameless.err;
}

TEST_F(RetrievalTest, WhatARunHasHeldOutIsDrawn) {
  write("run.yaml",
        concat("data:\n  path: ", file("real.tar"), "\n  styles: true\n  held_out: 0.25\n  image_size: 16\n"));
  const Arguments drawn = {"--checkpoint", file("styled.safetensors"), "--held-out", path("run.yaml")};
  EXPECT_EQ(judged(drawn).at("retrieval").at("all").at("pictures"), 6);
  write("run.yaml", concat("data:\n  path: ", file("real.tar"), "\n"));
  Arguments none = drawn;
  none.insert(none.end(), {"--retrieval", "--reference", file("real.tar")});
  expect_error(eval(none), 1, "data.held_out is 0");
}

TEST_F(RetrievalTest, BordersNeedNoNetwork) {
  const Outcome outcome =
      program_({"eval", "--images", file("other.tar"), "--reference", file("real.tar"), "--borders", "4", "--json"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto printed = nlohmann::json::parse(outcome.out);
  EXPECT_EQ(printed.at("borders").at("patch"), 4);
  EXPECT_NEAR(printed.at("borders").at("value").get<double>(), 1, 1e-6) << "an even slope";
  EXPECT_NEAR(printed.at("borders").at("reference").get<double>(), 1, 1e-6);
  EXPECT_FALSE(printed.contains("network"));
  expect_error(program_({"eval", "--images", file("other.tar"), "--borders", "16"}), 1, "no border");
}

TEST_F(RetrievalTest, RefusesWhatMakesNoSense) {
  expect_error(eval({"--images", file("other.tar"), "--retrieval"}), 2, "--reference");
  expect_error(eval({"--retrieval", "--reference", file("real.tar")}), 2, "--images or --checkpoint");
  expect_error(eval({"--images", file("other.tar"), "--reference", file("real.tar"), "--judge-also", "x"}), 2,
               "--retrieval");
  expect_error(eval({"--images", file("other.tar"), "--reference", file("dinov2.safetensors"), "--retrieval"}), 1,
               "does not say what its pictures show");
  expect_error(eval({"--checkpoint", file("styled.safetensors"), "--labels-from", file("real.tar"), "--reference",
                     file("real.tar"), "--retrieval", "--languages", "en"}),
               2, "for prompts");
}

}  // namespace
}  // namespace pixnerd::cli
