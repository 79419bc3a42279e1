#include "serve/openai_request.h"

#include <gtest/gtest.h>

#include "config/json.h"
#include "http/base64.h"
#include "image/image.h"
#include "serve/refusal.h"
#include "tests/serve/two_models.h"

namespace pixnerd::serve {
namespace {

class ImagesRequestOf : public testing::Test {
 protected:
  ImagesRequest of(const std::string& json) {
    return generation_request(config::parse_json(json, "request"), *models_);
  }

  std::string param_of(const std::string& json) {
    try {
      of(json);
    } catch (const Refusal& refusal) {
      return refusal.param;
    }
    return "(accepted)";
  }

  // Parts as name and content.
  ImagesRequest edit(const std::vector<std::pair<std::string, std::string>>& parts) {
    http::Request request;
    request.headers = {{"Content-Type", "multipart/form-data; boundary=limit"}};
    for (const auto& [name, content] : parts) {
      request.body += "--limit\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + content + "\r\n";
    }
    request.body += "--limit--\r\n";
    return edit_request(request, *models_, 1000);
  }

  TwoModels models_;
};

TEST_F(ImagesRequestOf, IsInTermsOfTheNativeRequest) {
  const ImagesRequest request = of(
      R"({"prompt": "pear", "n": 3, "size": "12x8", "steps": 2, "seed": 18446744073709551615, "output_format": "webp",
          "output_compression": 70, "stream": false, "user": "u", "quality": "hd"})");
  EXPECT_EQ(request.draw.prompt, "pear");
  EXPECT_EQ(request.draw.count, 3);
  EXPECT_EQ(request.draw.seed, 18446744073709551615u);
  EXPECT_EQ(config::to_line(*request.draw.settings.find("size")), "[12, 8]");
  EXPECT_EQ(config::to_line(*request.draw.settings.find("steps")), "2");
  EXPECT_EQ(request.format, PictureFormat::webp);
  EXPECT_EQ(request.quality, 70);
  EXPECT_EQ(request.quality_word, "high");
  EXPECT_FALSE(request.is_streamed);
}

TEST_F(ImagesRequestOf, HasOneSideOfTheNetworksOwn) {
  EXPECT_EQ(config::to_line(*of(R"({"prompt": "pear", "width": 16})").draw.settings.find("size")), "[16, 12]");
  EXPECT_EQ(of(R"({"prompt": "pear", "size": "auto"})").draw.settings.find("size"), nullptr);
}

TEST_F(ImagesRequestOf, RefusesWhatDoesNotGoTogether) {
  EXPECT_EQ(param_of(R"({"prompt": "pear", "size": "8x8", "height": 12})"), "size");
  EXPECT_EQ(param_of(R"({"prompt": "pear", "size": "8x99999"})"), "size");
  EXPECT_EQ(param_of(R"({"prompt": "pear", "background": "transparent"})"), "background");
  EXPECT_EQ(param_of(R"({"prompt": "pear", "output_compression": 50})"), "output_compression");
  EXPECT_EQ(param_of(R"({"prompt": "pear", "response_format": "url", "output_format": "jpeg"})"), "response_format");
  EXPECT_EQ(param_of(R"({"prompt": "pear", "stream": true, "n": 2})"), "n");
  EXPECT_EQ(param_of(R"({"prompt": "pear", "partial_images": 2})"), "partial_images");
  EXPECT_EQ(param_of(R"({"prompt": "pear", "stream": true, "partial_images": 2})"), "(accepted)");
  EXPECT_EQ(param_of(R"({"prompt": "pear", "model": "none"})"), "model");
}

TEST_F(ImagesRequestOf, ReadsFormsByWhatAFieldWants) {
  const std::string image = encoded(image::blank(8, 8), PictureFormat::png, 0);
  const ImagesRequest request = edit({{"image", image},
                                      {"prompt", "7"},
                                      {"model", "prompts"},
                                      {"steps", "3"},
                                      {"user", ""},
                                      {"stream", "true"},
                                      {"guidance_interval", "[0.1, 0.9]"}});
  EXPECT_EQ(request.draw.prompt, "7");
  EXPECT_EQ(http::base64_decoded(request.draw.image), image);
  EXPECT_TRUE(request.is_streamed);
  EXPECT_TRUE(request.is_edit);
  EXPECT_EQ(config::to_line(*request.draw.settings.find("guidance_interval")), "[0.1, 0.9]");
}

TEST_F(ImagesRequestOf, RefusesFormsThatSayTooMuchOrTooLittle) {
  const std::string image = encoded(image::blank(8, 8), PictureFormat::png, 0);
  EXPECT_THROW(edit({{"prompt", "pear"}}), Refusal);
  EXPECT_THROW(edit({{"image", ""}, {"prompt", "pear"}}), Refusal);
  EXPECT_THROW(edit({{"image", image}, {"image[]", image}, {"prompt", "pear"}}), Refusal);
  EXPECT_THROW(edit({{"image", image}, {"mask", image}, {"prompt", "pear"}}), Refusal);  // opaque
  EXPECT_THROW(edit({{"image", image}, {"prompt", "pear"}, {"steps", "{"}}), Refusal);
  EXPECT_THROW(edit({{"image", image}, {"prompt", "pear"}, {"prompt", "apple"}}), Refusal);
  EXPECT_THROW(edit({{"image", image}, {"prompt", "pear\xff"}}), Refusal);
  EXPECT_THROW(edit_request({}, *models_, 1000), Refusal);
}

}  // namespace
}  // namespace pixnerd::serve
