#include "serve/order.h"

#include <gtest/gtest.h>

#include <set>

#include "config/json.h"
#include "http/base64.h"
#include "image/codec.h"
#include "tests/image/pictures.h"
#include "tests/serve/refused.h"
#include "tests/serve/studio_fixture.h"

namespace pixnerd::serve {
namespace {

std::string as_text(const std::vector<std::byte>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string png(int width, int height) {
  return as_text(image::encode_png(image::blank(width, height)));
}

class OrderTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { models_ = new ServedModels; }
  static void TearDownTestSuite() { delete models_; }

  Order order(const std::string& text) { return order_of(draw_request(json(text)), catalogue_, pictures_, limits_); }
  Refusal refusal(const std::string& text) {
    return refused([&] { order(text); });
  }

  static inline ServedModels* models_ = nullptr;
  TemporaryFolder folder_;
  Catalogue catalogue_ = models_->catalogue();
  store::PictureFolder pictures_{folder_ / "pictures"};
  RequestLimits limits_;
};

TEST_F(OrderTest, AClassComesByNumberNameOrWordsOfIt) {
  for (const char* const text : {R"({"class":2})", R"({"class":"hot dog"})", R"({"class":"Hot Dog"})",
                                 R"({"class":"dog"})", R"({"prompt":"dog hot"})"}) {
    const Order found = order(text);
    ASSERT_EQ(found.pictures.size(), 1u) << text;
    EXPECT_EQ(found.pictures[0].label, 2) << text;
    EXPECT_EQ(found.title, "hot dog, flat") << text;
    EXPECT_EQ(found.model->name, "fruit");
    EXPECT_EQ(found.steps, 4);
    EXPECT_EQ(found.request.model, "fruit");
  }
}

TEST_F(OrderTest, WhatIsNoClassIsRefusedWithTheNearest) {
  EXPECT_EQ(refusal(R"({"class":"paer"})").nearest, std::vector<std::string>{"pear"});
  EXPECT_EQ(refusal(R"({"class":"paer"})").code, "unknown_class");
  EXPECT_EQ(refusal(R"({"class":"paer"})").param, "class");
  EXPECT_EQ(refusal(R"({"prompt":"a hot pie"})").param, "prompt");
  const std::vector<std::string> nearest = refusal(R"({"prompt":"a hot pie"})").nearest;
  EXPECT_NE(std::find(nearest.begin(), nearest.end(), "hot dog"), nearest.end());
  EXPECT_EQ(refusal(R"({"class":"e"})").status, 400);  // in two names: not guessed
  for (const char* const text :
       {R"({"class":3})", R"({"class":-1})", R"({"class":1.5})", R"({"class":"2"})", R"({"class":"all"})",
        R"({"class":true})", R"({"class":["pear"]})", R"({"class":{}})", R"({"class":99999999999999999999})"}) {
    EXPECT_EQ(refusal(text).code, "unknown_class") << text;
    EXPECT_EQ(refusal(text).param, "class") << text;
  }
  EXPECT_EQ(refusal(R"({})").code, "missing_class");
  EXPECT_EQ(refusal(R"({"prompt":""})").code, "missing_class");
  EXPECT_EQ(refusal(R"({"class":1,"prompt":"pear"})").code, "invalid_field");
  EXPECT_EQ(refusal(R"({"class":1,"negative_prompt":"pear"})").param, "negative_prompt");
}

TEST_F(OrderTest, LongNamesAreRefusedBeforeTheyAreCompared) {
  std::string words;
  while (words.size() < 2'000'000) words += "a ";
  const Refusal refusal = refused([&] {
    DrawRequest request;
    request.class_label = config::text_value(words);
    order_of(request, catalogue_, pictures_, limits_);
  });
  EXPECT_EQ(refusal.code, "unknown_class");
  EXPECT_LT(std::string(refusal.what()).size(), 200u);
  DrawRequest request;
  request.client = words;
  EXPECT_EQ(refused([&] { order_of(request, catalogue_, pictures_, limits_); }).param, "client");
}

TEST_F(OrderTest, StylesTakeTurnsUnlessOneIsNamed) {
  const Order all = order(R"({"class":"pear","count":4,"seed":5})");
  ASSERT_EQ(all.pictures.size(), 4u);
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(all.pictures[i].style, static_cast<int64_t>(i % 2));
    EXPECT_EQ(all.pictures[i].seed, 5 + i);
  }
  EXPECT_EQ(all.title, "pear");
  EXPECT_EQ(all.steps, 16);
  for (const char* const style : {R"("round")", "1"}) {
    const Order one = order(std::string(R"({"class":"pear","count":2,"style":)") + style + "}");
    EXPECT_EQ(one.pictures[0].style, 1);
    EXPECT_EQ(one.pictures[1].style, 1);
    EXPECT_EQ(one.title, "pear, round");
  }
  EXPECT_EQ(refusal(R"({"class":"pear","style":"rond"})").nearest, std::vector<std::string>{"round"});
  EXPECT_EQ(refusal(R"({"class":"pear","style":2})").code, "unknown_style");
  EXPECT_EQ(refusal(R"({"model":"plain","class":"pear","style":0})").code, "unknown_style");
}

TEST_F(OrderTest, SeedsAre64BitsAndRandomOnesAreSaid) {
  const Order last = order(R"({"class":0,"seed":18446744073709551615,"count":2})");
  EXPECT_EQ(last.pictures[0].seed, UINT64_MAX);
  EXPECT_EQ(last.pictures[1].seed, 0u);  // they go round
  std::set<uint64_t> seeds;
  for (int i = 0; i < 8; ++i) {
    const Order random = order(R"({"class":0})");
    ASSERT_TRUE(random.request.seed);
    EXPECT_EQ(random.pictures[0].seed, *random.request.seed);
    EXPECT_LT(*random.request.seed, uint64_t{1} << 53);  // exact in every language's numbers
    seeds.insert(*random.request.seed);
  }
  EXPECT_GT(seeds.size(), 6u);
}

TEST_F(OrderTest, SizesAreWholePatchesWithinTheLimits) {
  EXPECT_EQ(order(R"({"class":0,"size":[16,12]})").pictures[0].size(), (sample::PictureSize{16, 12}));
  EXPECT_EQ(order(R"({"class":0,"size":[16,12],"decode_size":[32,24]})").pictures[0].size(),
            (sample::PictureSize{32, 24}));
  for (const char* const size : {"[1,1]", "[0,8]", "[-8,8]", "[10,8]", "[8,9]", "[100000,100000]", "[8]", "[8,8,8]",
                                 "8", "\"8x8\"", "[8.5,8]", "[\"8\",8]", "null", "[16384,16384]"}) {
    const Refusal each = refusal(std::string(R"({"class":0,"size":)") + size + "}");
    EXPECT_EQ(each.status, 400) << size;
    EXPECT_EQ(each.param, "size") << size;
  }
  limits_.tokens = 4;
  EXPECT_EQ(order(R"({"class":0,"size":[8,8]})").pictures.size(), 1u);
  EXPECT_EQ(refusal(R"({"class":0,"size":[8,12]})").code, "invalid_size");
  limits_.pixels = 63;
  EXPECT_EQ(refusal(R"({"class":0,"size":[8,8]})").code, "invalid_size");
  EXPECT_EQ(refusal(R"({"class":0,"size":[4,4],"decode_size":[8,8]})").code, "invalid_size");
}

TEST_F(OrderTest, SettingsAreChecked) {
  const Order best = order(R"({"class":0,"steps":250,"solver":"heun","guidance":4.5})");
  EXPECT_EQ(best.pictures[0].settings->sampler.steps, 250);
  EXPECT_EQ(best.steps, 250);
  EXPECT_EQ(refusal(R"({"class":0,"steps":251})").code, "too_many_steps");
  EXPECT_EQ(refusal(R"({"class":0,"steps":0})").param, "steps");
  EXPECT_EQ(refusal(R"({"class":0,"steps":"4"})").param, "steps");
  const Refusal solver = refusal(R"({"class":0,"solver":"eulr"})");
  EXPECT_EQ(solver.param, "solver");
  EXPECT_EQ(solver.nearest, std::vector<std::string>{"euler"});
  EXPECT_EQ(refusal(R"({"class":0,"guidance_interval":[0.5]})").param, "guidance_interval");
  EXPECT_EQ(refusal(R"({"class":0,"variation":{"seed":1,"strength":2}})").status, 400);
  const Refusal model = refusal(R"({"model":"fruits","class":0})");
  EXPECT_EQ(model.status, 404);
  EXPECT_EQ(model.nearest, std::vector<std::string>{"fruit"});
}

TEST_F(OrderTest, ArithmeticIsThePresetsOrTheOneThatIsNamed) {
  EXPECT_EQ(order(R"({"class":0})").precision, models::Precision::float32);
  EXPECT_EQ(order(R"({"class":0,"preset":"exact"})").precision, models::Precision::float32);
  EXPECT_EQ(order(R"({"class":0,"dtype":"bfloat16"})").precision, models::Precision::bfloat16);
  EXPECT_EQ(order(R"({"class":0,"preset":"fast","dtype":"float32"})").precision, models::Precision::float32);
  limits_.precision = models::Precision::bfloat16;
  EXPECT_EQ(order(R"({"class":0})").precision, models::Precision::bfloat16);
  const auto steps = [&](const char* text) { return order(text).pictures[0].settings->sampler.steps; };
  EXPECT_EQ(steps(R"({"class":0,"preset":"fast","steps":9})"), 9);
}

TEST_F(OrderTest, PicturesThatAreSentAreKeptByTheirHash) {
  const std::string sent = png(8, 8), encoded = http::base64(sent);
  const std::string hash = store::hash_of_content(sent);
  for (const std::string& text : {encoded, "data:image/png;base64," + encoded, kInputPath + hash}) {
    const Order edited = order(R"({"class":0,"strength":0.5,"image":")" + text + "\"}");
    EXPECT_EQ(edited.request.image, kInputPath + hash);
    EXPECT_EQ(edited.inputs, std::vector<std::string>{hash});
    ASSERT_NE(edited.pictures[0].edit, nullptr);
    EXPECT_EQ(edited.pictures[0].edit->size(), (sample::PictureSize{8, 8}));
    EXPECT_EQ(pictures_.read(hash, kInputExtension), sent);
  }
  const std::string drawn = pictures_.put(png(8, 12), "png");
  const Order again = order(R"({"class":0,"image":"/api/pictures/)" + drawn + ".png\"}");
  EXPECT_EQ(again.inputs, std::vector<std::string>{drawn});
  EXPECT_EQ(again.pictures[0].size(), (sample::PictureSize{8, 12}));
}

TEST_F(OrderTest, OddSizesAndExtensionsAreRoundedToPatches) {
  const Order edited = order(R"({"class":0,"extend":[1,2,3,4],"image":")" + http::base64(png(9, 7)) + "\"}");
  EXPECT_EQ(edited.pictures[0].size(), (sample::PictureSize{13, 13}));
  EXPECT_EQ(edited.pictures[0].settings->size, (sample::PictureSize{16, 16}));
}

TEST_F(OrderTest, WhatIsNoPictureIsRefused) {
  const std::string good = png(8, 8);
  std::string lies = good;  // of its width
  lies[16] = '\x7f';
  for (const std::string& sent : {std::string("no picture"), good.substr(0, 40), lies, std::string("GIF89a")}) {
    const Refusal each = refusal(R"({"class":0,"image":")" + http::base64(sent) + "\"}");
    EXPECT_EQ(each.status, 400);
    EXPECT_EQ(each.param, "image");
  }
  for (const char* const text : {"!!!!", "a", "data:image/png;base64", "/api/inputs/", "/api/inputs/../../etc/passwd",
                                 "/etc/passwd", "/api/pictures/x.png", "http://example.org/a.png"}) {
    EXPECT_EQ(refusal(std::string(R"({"class":0,"image":")") + text + "\"}").param, "image") << text;
  }
  const std::string unknown(64, '0');
  EXPECT_EQ(refusal(R"({"class":0,"image":"/api/inputs/)" + unknown + "\"}").code, "unknown_picture");
  EXPECT_EQ(refusal(R"({"class":0,"image":")" + http::base64(good) + R"(","mask":"AAAA"})").param, "mask");
}

TEST_F(OrderTest, EditsNeedAPicture) {
  const std::string sent = http::base64(png(8, 8));
  EXPECT_EQ(refusal(R"({"class":0,"mask":")" + sent + "\"}").code, "missing_image");
  EXPECT_EQ(refusal(R"({"class":0,"strength":0.5})").code, "missing_image");
  EXPECT_EQ(refusal(R"({"class":0,"extend":[0,0,8,0]})").code, "missing_image");
  EXPECT_EQ(refusal(R"({"class":0,"image":")" + sent + R"(","mask":")" + http::base64(png(4, 4)) + "\"}").code,
            "invalid_edit");
  EXPECT_EQ(refusal(R"({"class":0,"strength":0,"image":")" + sent + "\"}").status, 400);
}

TEST_F(OrderTest, LargePicturesAreRefusedBeforeTheyAreMade) {
  const std::string sent = http::base64(png(8, 8));
  for (const char* const more : {R"("size":[16384,16384])", R"("extend":[8000,8000,8000,8000])"}) {
    EXPECT_EQ(refusal(R"({"class":0,"image":")" + sent + R"(",)" + more + "}").code, "invalid_size");
  }
  limits_.input_pixels = 63;
  const Refusal large = refusal(R"({"class":0,"image":")" + sent + "\"}");
  EXPECT_EQ(large.code, "invalid_picture");
  EXPECT_STREQ(large.what(), "the image has 8x8 pixels, more than 63 are taken");
}

TEST_F(OrderTest, PromptsAreForNetworksThatTakeThem) {
  const Order drawn = order(R"({"model":"words","prompt":"ab","negative_prompt":"b","count":2,"seed":3})");
  ASSERT_EQ(drawn.pictures.size(), 2u);
  EXPECT_EQ(drawn.pictures[1].prompt, "ab");
  EXPECT_EQ(drawn.pictures[1].negative_prompt, "b");
  EXPECT_EQ(drawn.pictures[1].seed, 4u);
  EXPECT_EQ(drawn.title, "ab");
  EXPECT_EQ(order(R"({"model":"words","prompt":""})").title, "");  // a picture of anything
  EXPECT_EQ(refusal(R"({"model":"words"})").code, "missing_prompt");
  EXPECT_EQ(refusal(R"({"model":"words","class":0})").param, "prompt");
  EXPECT_EQ(order(R"({"model":"words","prompt":")" + std::string(32'000, 'a') + "\"}").pictures.size(), 1u);
  const Refusal long_one = refusal(R"({"model":"words","prompt":")" + std::string(32'001, 'a') + "\"}");
  EXPECT_EQ(long_one.code, "prompt_too_long");
  EXPECT_EQ(refusal(R"({"model":"words","prompt":"a","negative_prompt":")" + std::string(32'001, 'a') + "\"}").param,
            "negative_prompt");
}

TEST_F(OrderTest, WhatIsKeptIsTheSameOrderAgain) {
  const Order first = order(R"({"class":"pear","count":3,"steps":7,"variation":{"seed":2,"strength":0.5},"image":")" +
                            http::base64(png(8, 8)) + "\"}");
  const Order again = order(config::to_json(to_value(first.request)));
  EXPECT_EQ(to_value(again.request), to_value(first.request));
  EXPECT_EQ(again.inputs, first.inputs);
  ASSERT_EQ(again.pictures.size(), first.pictures.size());
  for (size_t i = 0; i < first.pictures.size(); ++i) {
    EXPECT_EQ(again.pictures[i].seed, first.pictures[i].seed);
    EXPECT_EQ(again.pictures[i].label, first.pictures[i].label);
    EXPECT_EQ(again.pictures[i].style, first.pictures[i].style);
    EXPECT_EQ(*again.pictures[i].settings, *first.pictures[i].settings);
  }
}

}  // namespace
}  // namespace pixnerd::serve
