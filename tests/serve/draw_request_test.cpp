#include "serve/draw_request.h"

#include <gtest/gtest.h>

#include "config/json.h"
#include "config/member.h"
#include "tests/serve/refused.h"

namespace pixnerd::serve {
namespace {

DrawRequest read(const std::string& text) {
  return draw_request(json(text));
}

constexpr const char* kEverything =
    R"({"model":"emoji64","class":"fox","style":1,"prompt":"a fox","negative_prompt":"grey","seed":18446744073709551615,)"
    R"("count":64,"preset":"fast","dtype":"bfloat16","image":"AAAA","mask":"BBBB","invert_mask":true,"strength":0.5,)"
    R"("extend":[1,2,3,4],"resample":7,"variation":{"seed":9,"strength":0.25},"deadline":1.5,"client":"page",)"
    R"("size":[64,128],"decode_size":null,"decode_time":0.5,"tile":"x","solver":"heun","steps":12,"order":2,)"
    R"("guidance":3.5,"guidance_interval":[0.1,0.9],"timeshift":2.0,"reuse":2})";

TEST(DrawRequest, ReadsEveryField) {
  const DrawRequest request = read(kEverything);
  EXPECT_EQ(request.model, "emoji64");
  EXPECT_EQ(request.class_label.scalar, "fox");
  EXPECT_EQ(request.style.scalar, "1");
  EXPECT_FALSE(request.style.quoted);
  EXPECT_EQ(request.prompt, "a fox");
  EXPECT_EQ(request.negative_prompt, "grey");
  EXPECT_EQ(request.seed, UINT64_MAX);
  EXPECT_EQ(request.count, 64);
  EXPECT_EQ(request.preset, sample::Preset::fast);
  EXPECT_EQ(request.dtype, models::Precision::bfloat16);
  EXPECT_EQ(request.image, "AAAA");
  EXPECT_EQ(request.mask, "BBBB");
  EXPECT_TRUE(request.invert_mask);
  EXPECT_EQ(request.strength, 0.5);
  EXPECT_EQ(request.extend, (std::array<int64_t, 4>{1, 2, 3, 4}));
  EXPECT_EQ(request.resample, 7);
  ASSERT_TRUE(request.variation);
  EXPECT_EQ(request.variation->seed, 9u);
  EXPECT_EQ(request.variation->strength, 0.25);
  EXPECT_EQ(request.deadline, 1.5);
  EXPECT_EQ(request.client, "page");
  EXPECT_EQ(config::to_json(request.settings),
            R"({"size":[64,128],"decode_size":null,"decode_time":0.5,"tile":"x","solver":"heun","steps":12,"order":2,)"
            R"("guidance":3.5,"guidance_interval":[0.1,0.9],"timeshift":2.0,"reuse":2})");
}

TEST(DrawRequest, IsWrittenAsItWasRead) {
  EXPECT_EQ(config::to_json(to_value(read(kEverything))), kEverything);
  for (const char* const text : {R"({})", R"({"class":3})", R"({"class":"3"})", R"({"prompt":""})", R"({"seed":0})",
                                 R"({"decode_size":null})", R"({"image":"/api/inputs/0","invert_mask":true})",
                                 R"({"variation":{"seed":18446744073709551615,"strength":1.0}})"}) {
    const config::Value value = to_value(read(text));
    EXPECT_EQ(config::to_json(value), text);
    EXPECT_EQ(to_value(draw_request(value)), value);
  }
}

TEST(DrawRequest, NullIsNothingSaid) {
  const DrawRequest request = read(R"({"class":"fox","seed":null,"count":null,"style":null,"variation":null})");
  EXPECT_FALSE(request.seed);
  EXPECT_EQ(request.count, 1);
  EXPECT_FALSE(request.variation);
  EXPECT_EQ(config::to_json(to_value(request)), R"({"class":"fox"})");
}

TEST(DrawRequest, AnUnknownFieldIsRefusedWithTheNearest) {
  const Refusal refusal = refused([] { read(R"({"class":"fox","guidnace":2})"); });
  EXPECT_EQ(refusal.status, 400);
  EXPECT_EQ(refusal.code, "unknown_field");
  EXPECT_EQ(refusal.param, "guidnace");
  EXPECT_EQ(refusal.nearest, std::vector<std::string>{"guidance"});
  EXPECT_STREQ(refusal.what(), "there is no field 'guidnace'; did you mean 'guidance'?");
  EXPECT_EQ(refused([] { read(R"({"sampler_name":1})"); }).nearest, std::vector<std::string>{});
  EXPECT_EQ(refused([] { read(R"({"":1})"); }).code, "unknown_field");
  EXPECT_LT(std::string(refused([] { read("{\"" + std::string(5000, 'k') + "\":1}"); }).what()).size(), 200u);
}

TEST(DrawRequest, AnUnknownNameInAFieldIsRefusedWithTheNearest) {
  EXPECT_EQ(refused([] { read(R"({"preset":"fastt"})"); }).nearest, std::vector<std::string>{"fast"});
  EXPECT_EQ(refused([] { read(R"({"dtype":"float23"})"); }).nearest, std::vector<std::string>{"float32"});
  EXPECT_EQ(refused([] { read(R"({"dtype":"words"})"); }).nearest, std::vector<std::string>{});
}

struct Wrong {
  const char *body, *field, *says;
};

TEST(DrawRequest, WrongTypesAndNumbersAreRefusedByTheirField) {
  for (const auto& [body, field, says] :
       std::initializer_list<Wrong>{{R"({"count":0})", "count", "between 1 and 64"},
                                    {R"({"count":65})", "count", "between 1 and 64"},
                                    {R"({"count":1.5})", "count", "a whole number"},
                                    {R"({"count":"2"})", "count", "a whole number"},
                                    {R"({"count":[2]})", "count", "a list of 1"},
                                    {R"({"seed":-1})", "seed", "from 0 to 18446744073709551615, not '-1'"},
                                    {R"({"seed":18446744073709551616})", "seed", "not '18446744073709551616'"},
                                    {R"({"seed":1.0})", "seed", "not '1.0'"},
                                    {R"({"seed":"7"})", "seed", "not the text '7'"},
                                    {R"({"seed":{}})", "seed", "seed must be"},
                                    {R"({"model":["a"]})", "model", "model must be"},
                                    {R"({"prompt":{"a":1}})", "prompt", "prompt must be"},
                                    {R"({"invert_mask":1})", "invert_mask", "true or false"},
                                    {R"({"strength":1.5})", "strength", "between 0 and 1"},
                                    {R"({"strength":"a"})", "strength", "a number"},
                                    {R"({"extend":[1,2,3]})", "extend", "a list of 4"},
                                    {R"({"extend":[1,2,3,-1]})", "extend", "between 0 and"},
                                    {R"({"resample":0})", "resample", "between 1 and"},
                                    {R"({"variation":3})", "variation", "variation"},
                                    {R"({"variation":{"strenght":1}})", "", "did you mean 'strength'?"},
                                    {R"({"deadline":0})", "deadline", "above 0"},
                                    {R"({"deadline":-3})", "deadline", "above 0"},
                                    {R"({"client":[]})", "client", "client must be"}}) {
    const Refusal refusal = refused([&] { read(body); });
    EXPECT_EQ(refusal.status, 400) << body;
    EXPECT_EQ(refusal.code, "invalid_field") << body;
    EXPECT_EQ(refusal.param, field) << body;
    EXPECT_NE(std::string(refusal.what()).find(says), std::string::npos) << refusal.what();
  }
}

TEST(DrawRequest, OnlyAnObjectIsOne) {
  for (const char* const text : {"[]", "3", "null", "\"fox\"", "[{\"class\":\"fox\"}]"}) {
    EXPECT_EQ(refused([&] { read(text); }).code, "invalid_body") << text;
  }
}

}  // namespace
}  // namespace pixnerd::serve
