#include "sample/prompts.h"

#include <gtest/gtest.h>

#include "core/errors.h"
#include "core/file.h"
#include "tests/core/temporary_folder.h"
#include "tests/core/thrown.h"

namespace pixnerd::sample {
namespace {

class Prompts : public testing::Test {
 protected:
  std::vector<Prompt> read(const std::string& text) {
    write_file_atomically(folder_ / "p.txt", [&](std::ostream& out) { out << text; });
    return read_prompts(folder_ / "p.txt");
  }
  std::string error(const std::string& text) {
    return thrown<DataError>([&] { read(text); });
  }

  TemporaryFolder folder_;
};

TEST_F(Prompts, OneALine) {
  const auto prompts = read("a fox\r\n\n  \n ein Hund, \"braun\" {x}\nlast without end");
  ASSERT_EQ(prompts.size(), 3U);
  EXPECT_EQ(prompts[0].prompt, "a fox");
  EXPECT_EQ(prompts[1].prompt, " ein Hund, \"braun\" {x}");
  EXPECT_EQ(prompts[2].prompt, "last without end");
  EXPECT_FALSE(prompts[0].seed.has_value());
}

TEST_F(Prompts, OtherEncodingsAreRefusedWithTheLine) {
  using namespace std::string_literals;
  for (const std::string& bad : {"a fox\ncaf\xE9\n"s, "a fox\nan \0owl\n"s}) {
    const std::string message = error(bad);
    EXPECT_NE(message.find("p.txt:2"), std::string::npos) << message;
    EXPECT_NE(message.find("UTF-8"), std::string::npos) << message;
  }
}

TEST_F(Prompts, MaySayWhatIsToBeFoundInThePictures) {
  const auto prompts = read(
      R"({"prompt": "ein Fuchs auf einer Pizza", "classes": ["fox", "pizza"], "style": "flat", "language": "de"})");
  ASSERT_EQ(prompts.size(), 1U);
  EXPECT_EQ(prompts[0].classes, (std::vector<std::string>{"fox", "pizza"}));
  EXPECT_EQ(prompts[0].style, "flat");
  EXPECT_EQ(prompts[0].language, "de");
  EXPECT_NE(error(R"({"prompt": "a fox", "classes": {"a": 1}})").find("classes"), std::string::npos);
}

// In a file of plain prompts each line stands for itself, whatever it begins with.
TEST_F(Prompts, ABraceMakesNoJson) {
  for (const char* line :
       {"{cat|dog} in the snow", "{{x}} {\"a\"}", "{fox:1.2}", " {2$$red|blue} fox", "{promptly} {seed}",
        "{\"red\", \"blue\"} fox", "{\"an unfinished quote", "\"{prompt: a}\"", "{prompts: many}", "{'red'}: a fox"}) {
    const auto prompts = read(std::string("an owl\n") + line + "\n" + line);
    ASSERT_EQ(prompts.size(), 3U) << line;
    EXPECT_EQ(prompts[1].prompt, line);
    EXPECT_EQ(read(line)[0].prompt, line);
  }
}

TEST_F(Prompts, WhatIsMeantAsJsonAndIsBrokenIsNoPrompt) {
  for (const char* bad : {"{\"prompt\": \"a\"", "{\"prompt\": a}", "{'prompt': 'a fox'}", "{prompt: \"a fox\"}",
                          "{ \"promt\" : \"a\",}", "{", "  { ", "{}", "{\"seed\": 1, \"seed\": 2}"}) {
    EXPECT_NE(error(bad).find("p.txt:1: "), std::string::npos) << bad;
    EXPECT_NE(error(std::string("a fox\n") + bad + "\nan owl\n").find("p.txt:2: "), std::string::npos) << bad;
  }
}

TEST_F(Prompts, PlainLinesAndObjectsAreNotMixed) {
  for (const char* plain : {"an owl", "{cat|dog} in the snow", "[\"a\"]", "\"a fox\""}) {
    const std::string object = R"({"prompt": "a"})";
    const std::string before = error(std::string(plain[0] == '[' ? "x\n" : "") + plain + "\n" + object);
    EXPECT_NE(before.find("p.txt:1: "), std::string::npos) << before;
    const std::string behind = error(object + "\n" + object + "\n\n" + plain);
    EXPECT_NE(behind.find("p.txt:4: "), std::string::npos) << behind;
    EXPECT_NE(behind.find("line 1 is a JSON object"), std::string::npos) << behind;
  }
}

TEST_F(Prompts, AByteOrderMarkIsNoPartOfTheText) {
  const std::string mark = "\xEF\xBB\xBF";
  EXPECT_EQ(read(mark + "a fox\n")[0].prompt, "a fox");
  EXPECT_EQ(read(mark + "{\"prompt\": \"a fox\", \"seed\": 3}\n")[0].seed, 3);
  EXPECT_NE(error(mark).find("no prompt"), std::string::npos);
  const auto joined = read(mark + "a fox\r\n" + mark + "{an owl}\n" + mark + "\n");
  ASSERT_EQ(joined.size(), 2U);
  EXPECT_EQ(joined[1].prompt, "{an owl}");
}

TEST_F(Prompts, AJsonListIsRefused) {
  for (const char* list : {"[{\"prompt\": \"a\"}]", "\n [ {\"prompt\": \"a\"},\n{\"prompt\": \"b\"}]", "[\n\"a\"\n]",
                           "[\"a fox\", \"an owl\"]"}) {
    const std::string message = error(list);
    EXPECT_NE(message.find("one object a line"), std::string::npos) << message;
  }
  EXPECT_EQ(read("[a fox] in {braces}\n")[0].prompt, "[a fox] in {braces}");
}

TEST_F(Prompts, JsonLinesWithSettings) {
  const auto prompts = read(
      "\n{\"prompt\": \"a fox\"}\n"
      "{\"prompt\": \"\", \"seed\": 7, \"size\": [512, 768], \"negative_prompt\": \"blurred\"}\n");
  ASSERT_EQ(prompts.size(), 2U);
  EXPECT_EQ(prompts[0].prompt, "a fox");
  EXPECT_EQ(prompts[1].prompt, "");
  EXPECT_EQ(prompts[1].seed, 7);
  EXPECT_EQ(prompts[1].size, (PictureSize{512, 768}));
  EXPECT_EQ(prompts[1].negative_prompt, "blurred");
  EXPECT_EQ(read(R"({"prompt": "5", "negative_prompt": "true"})")[0].prompt, "5");
  EXPECT_EQ(read(R"({"prompt": "a", "seed": 18446744073709551615})")[0].seed, ~uint64_t{0});
  EXPECT_EQ(read(R"({"prompt": "a", "seed": -1})")[0].seed, ~uint64_t{0});
  EXPECT_FALSE(read(R"({"prompt": "a", "seed": null})")[0].seed.has_value());
  EXPECT_NE(prompts[1].where.find("p.txt:3"), std::string::npos) << prompts[1].where;
}

TEST_F(Prompts, ABrokenLineIsNamed) {
  for (const char* bad :
       {"{\"prompt\": \"b\"", "{\"seed\": 1}", "{\"prompt\": \"b\", \"seed\": 1.5}", "{\"prompt\": \"b\", \"sede\": 1}",
        "{\"prompt\": \"b\", \"size\": [1]}", "plain text", "[]", "{\"prompt\": 5}", "{\"prompt\": true}",
        "{\"prompt\": null}", "{\"prompt\": \"b\", \"negative_prompt\": 1.5}"}) {
    const std::string message = error(std::string("{\"prompt\": \"a\"}\n\n") + bad + "\n");
    EXPECT_NE(message.find("p.txt:3"), std::string::npos) << message;
  }
  EXPECT_NE(error(" \n\n").find("no prompt"), std::string::npos);
  EXPECT_THROW(read_prompts(folder_ / "absent"), DataError);
}

}  // namespace
}  // namespace pixnerd::sample
