#include "serve/sdapi_info.h"

#include <gtest/gtest.h>

#include "http/base64.h"
#include "image/codec.h"

namespace pixnerd::serve {
namespace {

std::string part(const std::string& text, const char* key) {
  const config::Value parts = infotext_parts(text);
  const config::Value* const found = parts.find(key);
  return found == nullptr ? "(none)" : found->scalar;
}

TEST(InfotextParts, ReadsPromptAndSettings) {
  const std::string text =
      "a fox,\nin snow\nNegative prompt: blurred,\nugly\nSteps: 20, Sampler: DPM++ 2M, CFG scale: 7.5, Seed: "
      "965400086, "
      "Size: 512x768, Lora hashes: \"a: 1, b: 2\", Model: emoji64";
  EXPECT_EQ(part(text, "Prompt"), "a fox,\nin snow");
  EXPECT_EQ(part(text, "Negative prompt"), "blurred,\nugly");
  EXPECT_EQ(part(text, "Steps"), "20");
  EXPECT_EQ(part(text, "Sampler"), "DPM++ 2M");
  EXPECT_EQ(part(text, "Size-1"), "512");
  EXPECT_EQ(part(text, "Size-2"), "768");
  EXPECT_EQ(part(text, "Lora hashes"), "a: 1, b: 2");
  EXPECT_EQ(part(text, "Model"), "emoji64");
}

TEST(InfotextParts, TakesWhatIsNoLineOfSettingsForThePrompt) {
  EXPECT_EQ(part("a sign: no, please", "Prompt"), "a sign: no, please");
  EXPECT_EQ(part("", "Prompt"), "");
  EXPECT_EQ(part(std::string(100'000, 'x'), "Prompt").size(), 100'000u);
}

std::string png_with(const std::string& text) {
  const auto bytes = image::encode_png(image::blank(2, 2), {{"parameters", text}});
  return http::base64({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

TEST(PngInfo, ReadsTheTextOfAPng) {
  const config::Value info = png_info("data:image/png;base64," + png_with("fox\nSteps: 2, Seed: 1, Size: 8x8"), 100);
  EXPECT_EQ(info.at("info").scalar, "fox\nSteps: 2, Seed: 1, Size: 8x8");
  EXPECT_EQ(info.at("parameters").at("Seed").scalar, "1");
  EXPECT_EQ(info.at("items").fields.size(), 1u);
}

TEST(PngInfo, HasTextsOfOtherEncodingsAsUtf8) {
  EXPECT_EQ(png_info(png_with("caf\xe9"), 100).at("info").scalar, "caf\u00e9");
}

TEST(PngInfo, RefusesWhatIsNoPictureOrTooLarge) {
  EXPECT_THROW(png_info("", 100), Refusal);
  EXPECT_THROW(png_info("!!!", 100), Refusal);
  EXPECT_THROW(png_info("aGVsbG8=", 100), Refusal);
  EXPECT_THROW(png_info(png_with("fox"), 3), Refusal);
}

}  // namespace
}  // namespace pixnerd::serve
