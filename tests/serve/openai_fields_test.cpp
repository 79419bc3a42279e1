#include "serve/openai_fields.h"

#include <gtest/gtest.h>

#include "config/json.h"
#include "serve/refusal.h"
#include "tests/core/thrown.h"

namespace pixnerd::serve {
namespace {

OpenaiBody body_of(const std::string& json) {
  return openai_body(config::parse_json(json, "request"));
}

Refusal refusal_to(const std::string& json) {
  try {
    body_of(json);
  } catch (const Refusal& refusal) {
    return refusal;
  }
  return {200, "", "it was accepted"};
}

TEST(OpenaiBody, PartsFieldsAndTakesSpellingsForOneAnother) {
  const OpenaiBody body = body_of(
      R"({"prompt": "fox", "n": 2, "size": null, "num_inference_steps": 4, "steps": 4, "cfg_scale": 2, "guidance": 2.0})");
  EXPECT_EQ(body.own.n, 2);
  EXPECT_EQ(body.own.size, "auto");
  EXPECT_EQ(body.native.at("steps").scalar, "4");
  EXPECT_EQ(body.native.at("guidance").scalar, "2");
  EXPECT_EQ(body.native.find("n"), nullptr);
}

TEST(OpenaiBody, RefusesTwoValuesOfOneThing) {
  EXPECT_EQ(refusal_to(R"({"steps": 4, "num_inference_steps": 5})").param, "num_inference_steps");
  EXPECT_EQ(refusal_to(R"({"guidance_scale": 4, "cfg_scale": "4x"})").param, "cfg_scale");
}

TEST(OpenaiBody, RefusesUnknownFieldsWithTheNearest) {
  const Refusal refusal = refusal_to(R"({"promt": "fox"})");
  EXPECT_EQ(refusal.status, 400);
  EXPECT_EQ(refusal.nearest, (std::vector<std::string>{"prompt"}));
  EXPECT_EQ(refusal_to(R"({"num_inference_step": 1})").nearest, (std::vector<std::string>{"num_inference_steps"}));
  EXPECT_EQ(refusal_to(R"({"count": 1})").code, "unknown_field");
}

TEST(OpenaiBody, RefusesValuesThatAreNotAsTheyMustBe) {
  for (const auto& [json, param] : std::initializer_list<std::pair<const char*, const char*>>{
           {R"({"n": 0})", "n"},
           {R"({"n": 1.5})", "n"},
           {R"({"n": "1"})", "n"},
           {R"({"stream": "yes"})", "stream"},
           {R"({"partial_images": 4})", "partial_images"},
           {R"({"output_format": "gif"})", "output_format"},
           {R"({"output_compression": 101})", "output_compression"},
           {R"({"quality": "best"})", "quality"},
           {R"({"size": {}})", "size"},
           {R"({"width": -8})", "width"}}) {
    EXPECT_EQ(refusal_to(json).param, param) << json;
  }
  EXPECT_EQ(refusal_to("[]").code, "invalid_body");
}

}  // namespace
}  // namespace pixnerd::serve
