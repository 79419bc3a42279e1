#include "sample/record.h"

#include <gtest/gtest.h>

#include "core/errors.h"
#include "core/file.h"
#include "core/text.h"
#include "image/codec.h"
#include "tests/core/temporary_folder.h"
#include "tests/core/thrown.h"
#include "tests/image/pictures.h"

namespace pixnerd::sample {
namespace {

PictureRecord record() {
  PictureRecord record;
  record.checkpoint = "weights \"best\".safetensors";
  record.step = 200000;
  record.weights = "ema_denoiser";
  record.text_encoder = "Qwen3-1.7B";
  record.prompt = "ein Fuchs\nim Schnee, \xE7\x8B\x90";
  record.seed = 123456789012345;
  record.sample.size = {512, 768};
  record.sample.sampler.guidance = 0.1 + 0.2;
  record.sample.sampler.guidance_interval = {0.1, 1.0};
  return record;
}

void write_text(const std::filesystem::path& path, const std::string& text) {
  write_file_atomically(path, [&](std::ostream& out) { out << text; });
}

TEST(PictureRecord, TravelsInAPngAndInAManifest) {
  const TemporaryFolder folder;
  PictureRecord other = record();
  other.prompt.reset();
  other.label = 3;
  const std::string text = to_json(record()) + "\n" + to_json(other);
  EXPECT_EQ(to_json(record()).find('\n'), std::string::npos);
  image::write_png(folder / "a.png", image::noise(3, 3, 1), {{kRecordKeyword, text}});
  write_text(folder / "manifest.jsonl", text + "\n");
  for (const char* name : {"a.png", "manifest.jsonl"}) {
    const auto records = read_records(folder / name);
    ASSERT_EQ(records.size(), 2U);
    EXPECT_EQ(to_json(records[0]), to_json(record()));
    EXPECT_EQ(to_json(records[1]), to_json(other));
    EXPECT_EQ(records[0].prompt, record().prompt);
    EXPECT_EQ(records[0].sample.sampler.guidance, 0.1 + 0.2);
  }
}

// Pictures depended on their batch in earlier versions alone.
TEST(PictureRecord, OfEarlierVersionsKeepsTheirBatch) {
  const TemporaryFolder folder;
  for (const char* old : {"batch", "place", "threads"}) {
    EXPECT_EQ(to_json(record()).find(concat('"', old, '"')), std::string::npos) << old;
  }
  write_text(folder / "m.jsonl", R"({"label": 1, "batch": 4, "place": 3, "threads": 2})");
  const PictureRecord read = read_records(folder / "m.jsonl").front();
  EXPECT_EQ(read.batch, 4);
  EXPECT_EQ(read.place, 3);
  EXPECT_EQ(read.threads, 2);
  EXPECT_NE(to_json(read).find(R"("batch":4)"), std::string::npos);
}

// What earlier versions wrote into their pictures.
TEST(PictureRecord, OfEarlierVersionsIsRead) {
  const TemporaryFolder folder;
  std::string text = to_json(record());
  for (const std::string part : {R"("checkpoint_hash":"",)", R"("text_encoder_hash":"",)", R"(,"labels":false)"}) {
    ASSERT_NE(text.find(part), std::string::npos) << text;
    text.erase(text.find(part), part.size());
  }
  image::write_png(folder / "old.png", image::noise(3, 3, 1), {{kRecordKeyword, text}});
  EXPECT_EQ(to_json(read_records(folder / "old.png").front()), to_json(record()));
}

TEST(PictureRecord, HasNamesAndAStepWhereTheyAreStated) {
  const TemporaryFolder folder;
  PictureRecord named = record();
  named.prompt.reset();
  named.label = 3;
  named.class_name = "red panda";
  named.step.reset();
  const std::string text = to_json(named);
  EXPECT_NE(text.find(R"("class_name":"red panda")"), std::string::npos) << text;
  EXPECT_EQ(text.find("style_name"), std::string::npos) << text;
  EXPECT_EQ(text.find(R"("step":)"), std::string::npos) << text;
  write_text(folder / "manifest.jsonl", text + "\n");
  const PictureRecord read = read_records(folder / "manifest.jsonl").front();
  EXPECT_EQ(read.class_name, "red panda");
  EXPECT_EQ(read.step, std::nullopt);
}

TEST(PictureRecord, NamesFilesWithoutFolders) {
  EXPECT_EQ(recorded_name("/home/ada/secret/last.ckpt"), "last.ckpt");
  EXPECT_EQ(recorded_name("last.ckpt"), "last.ckpt");
  EXPECT_EQ(recorded_name("../models/Qwen3-1.7B/"), "Qwen3-1.7B");
  EXPECT_EQ(recorded_name("Qwen3-1.7B/."), "Qwen3-1.7B");
  EXPECT_EQ(recorded_name("."), std::filesystem::current_path().filename());
  EXPECT_EQ(recorded_name(""), "");
}

TEST(PictureRecord, SeedsHave64Bits) {
  const TemporaryFolder folder;
  for (const auto& [written, seed] : {std::pair("18446744073709551615", ~uint64_t{0}),
                                      {"-1", ~uint64_t{0}},
                                      {"-9223372036854775808", uint64_t{1} << 63},
                                      {"0", 0}}) {
    write_text(folder / "m.jsonl", concat(R"({"label": 1, "seed": )", written, "}\n"));
    EXPECT_EQ(read_records(folder / "m.jsonl").front().seed, seed);
    PictureRecord again = record();
    again.seed = seed;
    write_text(folder / "m.jsonl", to_json(again));
    EXPECT_EQ(read_records(folder / "m.jsonl").front().seed, seed);
  }
  for (const char* bad : {"18446744073709551616", "-9223372036854775809", "1.0", "1e3", "\"7\"", "null", "[1]"}) {
    write_text(folder / "m.jsonl", concat(R"({"label": 1, "seed": )", bad, "}\n"));
    EXPECT_NE(thrown<DataError>([&] { read_records(folder / "m.jsonl"); }).find("m.jsonl:1"), std::string::npos) << bad;
  }
}

// Whatever a stranger writes into a picture has its limits.
TEST(PictureRecord, NumbersBeyondTheirLimitsAreRefusedByName) {
  const TemporaryFolder folder;
  for (const char* name : {"steps", "order", "reuse"}) {
    for (const char* number : {"0", "1000000000", "9223372036854775807", "-9223372036854775808"}) {
      if (std::string_view(name) == "reuse" && number[0] != '0' && number[0] != '-') continue;  // any number of steps
      write_text(folder / "m.jsonl", concat(R"({"label": 1, "sample": {")", name, "\": ", number, "}}\n"));
      const std::string message = thrown<DataError>([&] { read_records(folder / "m.jsonl"); });
      EXPECT_NE(message.find(name), std::string::npos) << message;
    }
  }
  for (const char* field :
       {R"("batch": 65537)", R"("place": 65536)", R"("threads": 5000)", R"("columns": 65537)", R"("padding": 1025)",
        R"("sample": {"size": [16385, 8]})", R"("sample": {"decode_size": [8, 0]})",
        R"("sample": {"steps": 2, "encode_steps": [0, 1, 1]})", R"("sample": {"steps": 2, "encode_steps": [2]})"}) {
    write_text(folder / "m.jsonl", concat(R"({"label": 1, )", field, "}\n"));
    EXPECT_NE(thrown<DataError>([&] { read_records(folder / "m.jsonl"); }).find("m.jsonl:1"), std::string::npos)
        << field;
  }
}

TEST(PictureRecord, WhatIsNoRecordIsRefusedWithItsPlace) {
  const TemporaryFolder folder;
  image::write_png(folder / "plain.png", image::noise(3, 3, 1));
  EXPECT_NE(thrown<DataError>([&] { read_records(folder / "plain.png"); }).find("does not say how it was made"),
            std::string::npos);
  const std::string good = to_json(record());
  for (const std::string& bad :
       {std::string("{"), std::string("[]"), std::string("{\"seed\": 1.5, \"label\": 1}"), std::string("{\"seed\": 1}"),
        std::string("{\"label\": 1, \"batch\": 0}"), std::string("{\"label\": 1, \"sede\": 1}"),
        std::string("{\"label\": 1, \"prompt\": \"a\"}")}) {
    write_text(folder / "m.jsonl", good + "\n" + bad + "\n");
    const std::string message = thrown<DataError>([&] { read_records(folder / "m.jsonl"); });
    EXPECT_NE(message.find("m.jsonl:2"), std::string::npos) << message;
  }
  write_text(folder / "m.jsonl", "\n");
  EXPECT_THROW(read_records(folder / "m.jsonl"), DataError);
  EXPECT_THROW(read_records(folder / "absent.jsonl"), DataError);
}

// A stranger's record names files beside it and none elsewhere.
TEST(PictureRecord, OfAnEditLeadsToNoOtherFolder) {
  const TemporaryFolder folder;
  for (const char* edit : {R"({"input": "../a.png"})", R"({"input": "a.png", "mask": "b/m.png"})"}) {
    write_text(folder / "m.jsonl", concat(R"({"label": 1, "edit": )", edit, "}"));
    EXPECT_NE(thrown<DataError>([&] { read_records(folder / "m.jsonl"); }).find("names alone"), std::string::npos);
  }
  write_text(folder / "m.jsonl", R"({"label": 1, "edit": {"input": "a.png", "mask": "m.png"}})");
  EXPECT_EQ(read_records(folder / "m.jsonl").front().edit->mask, "m.png");
}

}  // namespace
}  // namespace pixnerd::sample
