#include "serve/sdapi_request.h"

#include <gtest/gtest.h>

#include "config/json.h"
#include "serve/refusal.h"
#include "tests/serve/two_models.h"

namespace pixnerd::serve {
namespace {

class SdapiRequestOf : public testing::Test {
 protected:
  SdapiRequest of(const std::string& json, bool is_img2img = false, const std::string& model = "classes") {
    return sdapi_request(config::parse_json(json, "request"), is_img2img, model, *models_, {});
  }

  static std::string setting(const SdapiRequest& request, const char* key) {
    const config::Value* const value = request.draw.settings.find(key);
    return value == nullptr ? "(none)" : config::to_line(*value);
  }

  TwoModels models_;
};

TEST_F(SdapiRequestOf, SetsNothingThatIsNotAskedFor) {
  const SdapiRequest request = of(R"({"prompt": "pear"})");
  EXPECT_EQ(request.draw.model, "classes");
  EXPECT_EQ(request.draw.prompt, "pear");
  EXPECT_EQ(request.draw.count, 1);
  EXPECT_TRUE(request.draw.seed);
  EXPECT_TRUE(request.draw.settings.fields.empty());
  EXPECT_TRUE(request.notes.empty());
}

TEST_F(SdapiRequestOf, SetsWhatAnotherSolverNeeds) {
  const SdapiRequest request =
      of(R"({"prompt": "pear", "sampler_name": "DPM++ 2M", "steps": 100000, "cfg_scale": -1})");
  EXPECT_EQ(setting(request, "solver"), "dpm++");
  EXPECT_EQ(setting(request, "stochastic"), "none");
  EXPECT_EQ(setting(request, "steps"), "250");
  EXPECT_EQ(setting(request, "guidance"), "0.0");
  EXPECT_EQ(request.notes.size(), 2u);
}

TEST_F(SdapiRequestOf, TakesNamesOfOtherNetworksOutOfAPrompt) {
  const SdapiRequest request =
      of(R"({"prompt": "a fox <lora:ink:0.7> in snow<hypernet:x>", "negative_prompt": "<lyco:y:1>ugly"})", false,
         "prompts");
  EXPECT_EQ(request.draw.prompt, "a fox  in snow");
  EXPECT_EQ(request.draw.negative_prompt, "ugly");
  EXPECT_EQ(request.notes.size(), 3u);
  EXPECT_EQ(*of(R"({"prompt": "a < b <lora> <lora:"})", false, "prompts").draw.prompt, "a < b <lora> <lora:");
}

TEST_F(SdapiRequestOf, TakesTheModelOfItsOwnSettings) {
  const std::string body = R"({"prompt": "x", "override_settings": {"sd_model_checkpoint": "prompts", "other": 7}})";
  const SdapiRequest request = of(body);
  EXPECT_EQ(request.draw.model, "prompts");
  EXPECT_EQ(request.notes, (std::vector<std::string>{"override_settings.other is passed over"}));
  EXPECT_THROW(of(R"({"override_settings": {"sd_model_checkpoint": "promts"}})"), Refusal);
}

TEST_F(SdapiRequestOf, KeepsSeedsOfManyDigits) {
  const SdapiRequest request =
      of(R"({"prompt": "pear", "seed": 9007199254740993, "subseed": 5, "subseed_strength": 0.5})");
  EXPECT_EQ(request.draw.seed, 9007199254740993u);
  EXPECT_EQ(request.draw.variation->seed, 5u);
  EXPECT_LT(*of(R"({"prompt": "pear", "seed": -1})").draw.seed, uint64_t{1} << 32);
}

TEST_F(SdapiRequestOf, DoesNotSayPicturesBack) {
  const std::string body = R"({"prompt": "pear", "init_images": ["AAAA"], "mask": "/api/inputs/x", "steps": 2)";
  const SdapiRequest request = of(body + "}", true);
  EXPECT_EQ(request.parameters.at("init_images").kind, config::Value::Kind::null);
  EXPECT_EQ(request.parameters.at("mask").kind, config::Value::Kind::null);
  EXPECT_EQ(request.parameters.at("steps").scalar, "2");
  EXPECT_EQ(of(body + R"(, "include_init_images": true})", true).parameters.at("init_images").items.size(), 1u);
}

TEST_F(SdapiRequestOf, HasAStrengthThatDrawsSomething) {
  const SdapiRequest request = of(R"({"prompt": "pear", "init_images": ["AAAA"], "denoising_strength": 0})", true);
  EXPECT_EQ(request.draw.strength, 0.01);
  EXPECT_EQ(of(R"({"prompt": "pear", "init_images": ["AAAA"]})", true).draw.strength, 0.75);
}

}  // namespace
}  // namespace pixnerd::serve
