#include "serve/sdapi_body.h"

#include <gtest/gtest.h>

#include "config/json.h"

namespace pixnerd::serve {
namespace {

config::Value parsed(const std::string& json) {
  return config::parse_json(json, "request");
}

TEST(SdapiBody, ReadsAsItsOwnServerDoes) {
  const config::Value value = parsed(
      R"({"a": 3, "b": "3", "c": 3.0, "d": null, "e": "true", "f": 0, "g": ["x", "y"], "h": 9007199254740993, "i": ""})");
  SdapiBody body(value);
  EXPECT_EQ(body.whole("a"), 3);
  EXPECT_EQ(body.whole("b"), 3);
  EXPECT_EQ(body.whole("c"), 3);
  EXPECT_EQ(body.whole("d"), std::nullopt);
  EXPECT_EQ(body.whole("missing"), std::nullopt);
  EXPECT_EQ(body.flag("e"), true);
  EXPECT_EQ(body.flag("f"), false);
  EXPECT_EQ(body.texts("g"), (std::vector<std::string>{"x", "y"}));
  EXPECT_EQ(body.whole("h"), 9007199254740993);
  EXPECT_EQ(body.text("i"), "");
}

TEST(SdapiBody, RefusesOtherTypes) {
  const config::Value value =
      parsed(R"({"a": "many", "b": 1.5, "c": [1], "d": {}, "e": 7, "f": "maybe", "g": [{}], "h": 1e300, "i": "7"})");
  SdapiBody body(value);
  EXPECT_THROW(body.whole("a"), Refusal);
  EXPECT_THROW(body.whole("b"), Refusal);
  EXPECT_THROW(body.whole("c"), Refusal);
  EXPECT_THROW(body.number("d"), Refusal);
  EXPECT_THROW(body.text("e"), Refusal);
  EXPECT_THROW(body.flag("f"), Refusal);
  EXPECT_THROW(body.texts("g"), Refusal);
  EXPECT_THROW(body.whole("h"), Refusal);
  EXPECT_THROW(body.map("a"), Refusal);
  EXPECT_EQ(body.text("i"), "7");
  EXPECT_THROW(SdapiBody(parsed("[]")), Refusal);
}

TEST(SdapiBody, NamesWhatSaysSomethingAndWasNotLookedAt) {
  const config::Value value = parsed(
      R"({"steps": 3, "restore_faces": true, "s_noise": 1.0, "eta": null, "script_args": [], "s_churn": 0,
          "alwayson_scripts": {"ControlNet": {"args": [false]}}, "genkey": "K", "hr_upscaler": "latent"})");
  SdapiBody body(value);
  body.whole("steps");
  EXPECT_EQ(body.passed_over(), (std::vector<std::string>{"restore_faces"}));
  body.leave_out({"restore_faces"});
  EXPECT_TRUE(body.passed_over().empty());
}

TEST(SdapiError, HasTheFormsOfBothKindsOfClients) {
  const config::Value sentence = parsed(*sdapi_error({400, "unknown_class", "there is no class", "prompt"}).body);
  EXPECT_EQ(sentence.at("detail").scalar, "there is no class");
  EXPECT_EQ(sentence.at("error").at("message").scalar, "there is no class");
  const http::Response response = sdapi_error({422, kWrongType, "steps must be a whole number", "steps"});
  EXPECT_EQ(response.status, 422);
  const config::Value typed = parsed(*response.body);
  EXPECT_EQ(typed.at("detail").items.at(0).at("loc").items.at(1).scalar, "steps");
}

}  // namespace
}  // namespace pixnerd::serve
