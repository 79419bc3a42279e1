#include "serve/class_prompt.h"

#include <gtest/gtest.h>

#include "serve/refusal.h"
#include "tests/serve/served_model.h"

namespace pixnerd::serve {
namespace {

std::string split(const std::string& prompt) {
  DrawRequest request;
  request.prompt = prompt;
  split_class_prompt(request, emoji_like());
  return request.prompt ? "prompt:" + *request.prompt : request.class_label.scalar + "|" + request.style.scalar;
}

TEST(SplitClassPrompt, TakesAClassAndAStyle) {
  EXPECT_EQ(split("fox, noto"), "fox|noto");
  EXPECT_EQ(split(" Fox ,NOTO\n"), "fox|noto");
  EXPECT_EQ(split("bread, white, twemoji"), "bread, white|twemoji");
}

TEST(SplitClassPrompt, LeavesWhatDoesNotFitExactly) {
  for (const char* const prompt : {"fox", "a fox, noto", "fox, not", "fox noto", "fox, noto, best quality", "noto",
                                   ", noto", "fox,", "tench, noto", "bread, white"}) {
    EXPECT_EQ(split(prompt), std::string("prompt:") + prompt);
  }
}

TEST(SplitClassPrompt, RefusesTwoStyles) {
  DrawRequest request;
  request.prompt = "fox, noto";
  request.style = config::text_value("twemoji");
  EXPECT_THROW(split_class_prompt(request, emoji_like()), Refusal);
  request.style = config::text_value("noto");
  split_class_prompt(request, emoji_like());
  EXPECT_EQ(request.class_label.scalar, "fox");
}

}  // namespace
}  // namespace pixnerd::serve
