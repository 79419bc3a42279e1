#include "eval/retrieval.h"

#include <gtest/gtest.h>

namespace pixnerd::eval {
namespace {

const Group* group(const Retrieval& retrieval, const std::string& kind, const std::string& name) {
  for (const Group& each : retrieval.groups) {
    if (each.kind == kind && each.name == name) return &each;
  }
  return nullptr;
}

TEST(Retrieval, CountsByLanguageStyleAndCaption) {
  const std::vector<Asked> asked = {
      {{"fox"}, "flat", "en", 1}, {{"fox"}, "", "en", 2}, {{"cat"}, "flat", "ja", 1}, {{"owl"}, "round", "ja", 1}};
  const std::vector<Opinion> opinions = {
      {{1}, "fox", "flat"}, {{6}, "cat", "flat"}, {{5}, "owl", "round"}, {{1}, "owl", "round"}};
  const Retrieval found = retrieval_of(asked, opinions, 10);
  EXPECT_EQ(found.all.pictures, 4);
  EXPECT_DOUBLE_EQ(found.all.top1, 0.5);
  EXPECT_DOUBLE_EQ(found.all.top5, 0.75);
  EXPECT_EQ(found.all.styled, 3);
  EXPECT_DOUBLE_EQ(found.all.style, 2.0 / 3);
  ASSERT_NE(group(found, "language", "en"), nullptr);
  EXPECT_DOUBLE_EQ(group(found, "language", "en")->rates.top5, 0.5);
  EXPECT_DOUBLE_EQ(group(found, "language", "ja")->rates.top5, 1);
  EXPECT_DOUBLE_EQ(mean_top5(found, "language"), 0.75);
  EXPECT_EQ(mean_top5(found, "shade"), 0);
  EXPECT_DOUBLE_EQ(group(found, "style", "flat")->rates.top1, 0.5);
  EXPECT_EQ(group(found, "caption", "2")->rates.pictures, 1);
  EXPECT_EQ(group(found, "style", ""), nullptr);
}

TEST(Retrieval, ClassesTogetherMustAllBeFound) {
  const std::vector<Asked> asked(4, Asked{{"fox", "pizza"}, "", "", 0});
  const std::vector<Opinion> opinions = {
      {{2, 1}, "pizza", ""}, {{1, 5}, "fox", ""}, {{1, 6}, "fox", ""}, {{3, 2}, "cat", ""}};
  const Retrieval found = retrieval_of(asked, opinions, 10);
  EXPECT_DOUBLE_EQ(found.all.top1, 0.25) << "the first two are the two in one picture";
  EXPECT_DOUBLE_EQ(found.all.top5, 0.75);
  EXPECT_EQ(group(found, "classes together", "2")->rates.pictures, 4);
  EXPECT_TRUE(found.confusions.empty()) << "which of the two was taken for another is not known";
}

TEST(Retrieval, TheWorstClassesComeFirstWithWhatTheyAreTakenFor) {
  std::vector<Asked> asked;
  std::vector<Opinion> opinions;
  const auto add = [&](const std::string& name, const std::string& named) {
    asked.push_back({{name}, "", "", 0});
    opinions.push_back({{name == named ? 1 : 2}, named, ""});
  };
  for (const char* named : {"ghost", "heart", "heart", "cloud"}) add("ghost", named);
  for (const char* named : {"fox", "fox", "cat", "fox"}) add("fox", named);
  for (const char* named : {"cat", "cat"}) add("cat", named);
  const Retrieval found = retrieval_of(asked, opinions, 10);
  ASSERT_EQ(found.confusions.size(), 2U);
  EXPECT_EQ(found.confusions[0].name, "ghost");
  EXPECT_EQ(found.confusions[0].found, 1);
  EXPECT_EQ(found.confusions[0].pictures, 4);
  EXPECT_EQ(found.confusions[0].taken_for, (std::vector<std::pair<std::string, int64_t>>{{"heart", 2}, {"cloud", 1}}));
  EXPECT_EQ(found.confusions[1].name, "fox");
  EXPECT_EQ(retrieval_of(asked, opinions, 1).confusions.size(), 1U);
}

TEST(Retrieval, OfNothingIsZero) {
  const Rates rates = rates_of({}, {});
  EXPECT_EQ(rates.pictures, 0);
  EXPECT_EQ(rates.top5, 0);
}

}  // namespace
}  // namespace pixnerd::eval
