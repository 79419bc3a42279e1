#include "eval/captions_as_in.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "core/errors.h"
#include "tests/core/thrown.h"
#include "tests/eval/labelled.h"

namespace pixnerd::eval {
namespace {

// Two classes in two styles and a picture without a class; in each language a name and a name with the style.
Labelled animals() {
  Labelled set;
  set.labels = {0, 0, 1, -1};
  set.drawn_styles = {0, 1, 0, 0};
  set.class_names = {"fox", "owl"};
  set.style_names = {"flat", "round"};
  set.texts = {{{"en", "fox"}, {"en", "fox, flat"}, {"de", "Fuchs"}, {"de", "Fuchs, flach"}},
               {{"en", "fox"}, {"en", "fox, round"}, {"de", "Fuchs"}, {"de", "Fuchs, rund"}},
               {{"en", "owl"}, {"en", "owl, flat"}, {"de", "Eule"}, {"de", "Eule, flach"}},
               {{"en", "something"}, {"de", "etwas"}}};
  return set;
}

AskedPictures drawn(const CaptionChoice& choice, int64_t count, uint64_t seed = 3) {
  return captions_as_in(animals(), choice, count, "blurred", seed, {});
}

TEST(CaptionsAsIn, LanguagesTakeTurnsAndEveryCaptionComes) {
  const AskedPictures pictures = drawn({}, 24);
  ASSERT_EQ(pictures.requests.size(), 24U);
  std::map<std::string, int> prompts;
  for (size_t i = 0; i < pictures.requests.size(); ++i) {
    EXPECT_EQ(pictures.asked[i].language, i % 2 == 0 ? "de" : "en");
    EXPECT_EQ(pictures.requests[i].seed, 3 + i);
    EXPECT_EQ(pictures.requests[i].negative_prompt, "blurred");
    EXPECT_FALSE(pictures.requests[i].label);
    ++prompts[*pictures.requests[i].prompt];
  }
  const std::map<std::string, int> twice = {
      {"fox", 4},   {"fox, flat", 2},    {"fox, round", 2},  {"owl", 2},  {"owl, flat", 2},
      {"Fuchs", 4}, {"Fuchs, flach", 2}, {"Fuchs, rund", 2}, {"Eule", 2}, {"Eule, flach", 2}};
  EXPECT_EQ(prompts, twice) << "what has no class is not drawn";
}

TEST(CaptionsAsIn, SayWhatIsAskedFor) {
  for (const CaptionChoice& choice : {CaptionChoice{{"en"}, 1}, CaptionChoice{{"en"}, 2}}) {
    const AskedPictures pictures = drawn(choice, 3);
    for (size_t i = 0; i < 3; ++i) {
      const Asked& asked = pictures.asked[i];
      const std::string& prompt = *pictures.requests[i].prompt;
      ASSERT_EQ(asked.classes.size(), 1U);
      EXPECT_EQ(asked.caption, choice.number);
      // "owl" is there in one style alone, so that nothing tells it from a prompt that asks for the style.
      const std::string style = prompt == "owl" ? "flat" : "";
      EXPECT_EQ(prompt, asked.caption == 1 ? asked.classes[0] : asked.classes[0] + ", " + asked.style);
      if (asked.caption == 1) {
        EXPECT_EQ(asked.style, style) << prompt;
      }
    }
  }
}

TEST(CaptionsAsIn, AreTheSameForTheSameSeed) {
  const auto prompts = [](const AskedPictures& pictures) {
    std::vector<std::string> all;
    for (const auto& request : pictures.requests) all.push_back(*request.prompt);
    return all;
  };
  EXPECT_EQ(prompts(drawn({}, 12)), prompts(drawn({}, 12)));
  EXPECT_NE(prompts(drawn({}, 12)), prompts(drawn({}, 12, 4)));
  const auto few = prompts(drawn({}, 5)), many = prompts(drawn({}, 12));
  EXPECT_EQ(few, std::vector<std::string>(many.begin(), many.begin() + 5));
}

TEST(CaptionsAsIn, WhatIsNotThereIsNamed) {
  const std::string unknown = thrown<DataError>([] { drawn({{"fr"}, {}}, 1); });
  EXPECT_NE(unknown.find("'fr'; there are de, en"), std::string::npos) << unknown;
  const std::string third = thrown<DataError>([] { drawn({{}, 3}, 1); });
  EXPECT_NE(third.find("3 captions of a language"), std::string::npos) << third;
  Labelled bare = animals();
  bare.texts.clear();
  EXPECT_NE(thrown<DataError>([&] { captions_as_in(bare, {}, 1, "", 0, {}); }).find("a caption"), std::string::npos);
}

}  // namespace
}  // namespace pixnerd::eval
