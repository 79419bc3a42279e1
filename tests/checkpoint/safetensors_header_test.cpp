#include "checkpoint/safetensors_header.h"

#include <gtest/gtest.h>

#include "tests/checkpoint/files.h"

namespace pixnerd::checkpoint {
namespace {

constexpr const char* kGood = R"({"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})";

void expect_header_refused(const std::string& json, std::string_view part) {
  SCOPED_TRACE(json.substr(0, 200));
  const std::string message = thrown<CheckpointError>([&] { parse_header(json, "x.safetensors"); });
  EXPECT_TRUE(message.starts_with("checkpoint 'x.safetensors': ")) << message;
  EXPECT_LT(message.size(), 500u);
  expect_contains(message, part);
}

void expect_entry_refused(const std::string& fields, std::string_view part) {
  expect_header_refused("{\"blocks.0.w\":" + fields + "}", part);
  expect_header_refused("{\"blocks.0.w\":" + fields + "}", "blocks.0.w");
}

TEST(SafetensorsHeader, ReadsEntriesAndMetadata) {
  const Header header = parse_header(
      "{\"b\" : {\"shape\":[2,0,3],\"data_offsets\":[8, 9],\"dtype\":\"BF16\"},\n\"__metadata__\":{\"k\":\"v\"},"
      "\"\\u00e9\":{\"dtype\":\"BOOL\",\"shape\":[],\"data_offsets\":[0,1]}}   ",
      "x");
  ASSERT_EQ(header.entries.size(), 2u);
  EXPECT_EQ(header.entries[0].name, "b");
  EXPECT_EQ(header.entries[0].dtype, DType::BF16);
  EXPECT_EQ(header.entries[0].shape, (std::vector<int64_t>{2, 0, 3}));
  EXPECT_EQ(header.entries[0].begin, 8u);
  EXPECT_EQ(header.entries[0].end, 9u);
  EXPECT_EQ(header.entries[1].name, "é");
  EXPECT_TRUE(header.entries[1].shape.empty());
  EXPECT_EQ(header.metadata, (Metadata{{"k", "v"}}));
}

TEST(SafetensorsHeader, ReadsAnEmptyObject) {
  EXPECT_TRUE(parse_header("{}", "x").entries.empty());
  EXPECT_TRUE(parse_header("{\"__metadata__\":{}}      ", "x").metadata.empty());
}

TEST(SafetensorsHeader, RefusesWhatIsNoJsonObject) {
  for (const char* text : {"", " {}", "[]", "\"a\"", "1", "null", "\xEF\xBB\xBF{}"}) {
    expect_header_refused(text, "no JSON object");
  }
  for (const char* text : {"{", "{}}", "{} x", "{\"a\"", "{\"a\":}", "{'a':1}", "{/* */}", "{\"__metadata__\":{},}",
                           "{\"\xff\":{}}", "{\"\\ud800\":{}}", "{\"a\n\":{}}"}) {
    expect_header_refused(text, "not valid JSON");
  }
}

TEST(SafetensorsHeader, RefusesAZeroByteThatWouldHideTheRest) {
  expect_header_refused(std::string(kGood) + '\0' + "rubbish", "zero byte");
}

TEST(SafetensorsHeader, RefusesEntriesThatAreNoObjects) {
  for (const char* value : {"1", "-1", "1.5", "\"text\"", "null", "true", "[]"}) {
    expect_header_refused(std::string("{\"blocks.0.w\":") + value + "}", "blocks.0.w is");
  }
}

TEST(SafetensorsHeader, RefusesMissingFields) {
  expect_entry_refused(R"({})", "no dtype");
  expect_entry_refused(R"({"shape":[2],"data_offsets":[0,8]})", "no dtype");
  expect_entry_refused(R"({"dtype":"F32","data_offsets":[0,8]})", "no shape");
  expect_entry_refused(R"({"dtype":"F32","shape":[2]})", "no data_offsets");
}

TEST(SafetensorsHeader, FieldsDoNotCarryOverToTheNextEntry) {
  expect_header_refused(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2]}})",
                        "b has no data_offsets");
}

TEST(SafetensorsHeader, RefusesSurplusAndRepeatedFields) {
  expect_entry_refused(R"({"dtype":"F32","shape":[2],"data_offsets":[0,8],"extra":1})", "extra");
  expect_entry_refused(R"({"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]})", "'dtype' twice");
  expect_entry_refused(R"({"dtype":"F32","shape":[2],"shape":[2],"data_offsets":[0,8]})", "'shape' twice");
  expect_entry_refused(R"({"dtype":"F32","shape":[2],"data_offsets":[0,8],"data_offsets":[0,8]})", "twice");
}

TEST(SafetensorsHeader, RefusesUnknownDtypes) {
  expect_entry_refused(R"({"dtype":"Q4_0","shape":[2],"data_offsets":[0,2]})", "unknown dtype 'Q4_0'");
  expect_entry_refused(R"({"dtype":"f32","shape":[2],"data_offsets":[0,8]})", "unknown dtype");
  expect_entry_refused(R"({"dtype":"","shape":[2],"data_offsets":[0,8]})", "unknown dtype");
  expect_entry_refused(R"({"dtype":7,"shape":[2],"data_offsets":[0,8]})", "dtype");
}

TEST(SafetensorsHeader, RefusesSidesThatAreNoWholeNumbers) {
  for (const char* side : {"-1", "1.0", "1e2", "\"2\"", "null", "true", "[2]", "{}"}) {
    expect_entry_refused(std::string("{\"dtype\":\"F32\",\"shape\":[") + side + "],\"data_offsets\":[0,8]}",
                         side[0] == '[' || side[0] == '{' ? "" : "shape with");
  }
  for (const char* side : {"9223372036854775808", "18446744073709551615"}) {
    expect_entry_refused(std::string("{\"dtype\":\"F32\",\"shape\":[") + side + "],\"data_offsets\":[0,8]}", "63 bits");
  }
  expect_entry_refused(R"({"dtype":"F32","shape":[18446744073709551616],"data_offsets":[0,8]})", "63-bit");
  expect_entry_refused(R"({"dtype":"F32","shape":2,"data_offsets":[0,8]})", "shape");
}

TEST(SafetensorsHeader, RefusesMoreThanSixtyFourSides) {
  std::string sides = "1";
  for (int i = 1; i < 64; ++i) sides += ",1";
  const auto entry = [&] { return "{\"w\":{\"dtype\":\"U8\",\"shape\":[" + sides + "],\"data_offsets\":[0,1]}}"; };
  EXPECT_EQ(parse_header(entry(), "x").entries.at(0).shape.size(), 64u);
  sides += ",1";
  expect_header_refused(entry(), "more than 64 sides");
}

TEST(SafetensorsHeader, RefusesOffsetsThatAreNoPair) {
  for (const char* offsets : {"[]", "[0]", "[0,8,16]"}) {
    expect_entry_refused(std::string("{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":") + offsets + "}",
                         "needs two data_offsets");
  }
  for (const char* offsets : {"[-1,8]", "[0,8.0]", "[0,\"8\"]", "8"}) {
    expect_entry_refused(std::string("{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":") + offsets + "}",
                         "data_offsets");
  }
  expect_entry_refused(R"({"dtype":"F32","shape":[2],"data_offsets":[0,9223372036854775808]})", "63 bits");
}

TEST(SafetensorsHeader, RefusesMetadataThatIsNotText) {
  for (const char* value : {"1", "-1", "0.5", "null", "true", "[]", "{}"}) {
    expect_header_refused(std::string("{\"__metadata__\":{\"config\":") + value + "}}", "metadata 'config' is");
  }
  for (const char* value : {"1", "null", "\"text\"", "[]"}) {
    expect_header_refused(std::string("{\"__metadata__\":") + value + "}", "__metadata__");
  }
  expect_header_refused(R"({"__metadata__":{"a":"1","a":"2"}})", "metadata 'a' is there twice");
  expect_header_refused(R"({"__metadata__":{},"__metadata__":{}})", "__metadata__ is there twice");
}

TEST(SafetensorsHeader, RefusesNestingBombsAtOnce) {
  const std::string deep(2'000'000, '[');
  expect_header_refused("{\"a\":" + deep, "a is an array");
  expect_header_refused("{\"a\":{\"shape\":" + deep, "shape");
  std::string objects;
  for (int i = 0; i < 200'000; ++i) objects += "{\"a\":";
  expect_header_refused(objects, "a cannot have 'a'");
}

TEST(SafetensorsHeader, KeepsHostileNamesOutOfTheMessage) {
  expect_header_refused("{\"" + std::string(1'000'000, 'a') + "\":1}", "aaa...");
  expect_header_refused("{\"a\\n\\u001b[2J\":1}", "a??[2J is a number");
}

TEST(SafetensorsHeader, WritesWhatItReads) {
  const std::vector<HeaderEntry> entries = {{"é\x01\"\\/\x7f", DType::F32, {}, 0, 4}, {"", DType::BOOL, {2, 0}, 4, 4}};
  const Metadata metadata = {{"a\n", "1"}, {"b", ""}};
  const std::string text = header_text(entries, metadata, "x");
  EXPECT_EQ(text,
            "{\"__metadata__\":{\"a\\n\":\"1\",\"b\":\"\"},"
            "\"é\\u0001\\\"\\\\/\x7f\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]},"
            "\"\":{\"dtype\":\"BOOL\",\"shape\":[2,0],\"data_offsets\":[4,4]}}");
  const Header again = parse_header(text, "x");
  EXPECT_EQ(again.metadata, metadata);
  ASSERT_EQ(again.entries.size(), 2u);
  EXPECT_EQ(again.entries[0].name, entries[0].name);
  EXPECT_EQ(again.entries[1].shape, entries[1].shape);
  EXPECT_EQ(header_text({}, {}, "x"), "{}");
}

TEST(SafetensorsHeader, RefusesToWriteTextThatIsNotUtf8) {
  const std::vector<HeaderEntry> entries = {{"bad\xff", DType::F32, {}, 0, 4}};
  expect_contains(thrown<CheckpointError>([&] { header_text(entries, {}, "x"); }), "not UTF-8");
  expect_contains(thrown<CheckpointError>([&] { header_text({}, {{"k", "\xc3"}}, "x"); }), "not UTF-8");
  expect_contains(thrown<CheckpointError>([&] { header_text({}, {{"\xc3", "v"}}, "x"); }), "not UTF-8");
}

}  // namespace
}  // namespace pixnerd::checkpoint
