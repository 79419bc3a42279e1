#include "sample/requests.h"

#include <gtest/gtest.h>

#include "core/errors.h"
#include "core/text.h"
#include "models/cost.h"
#include "sample/drawing.h"
#include "tests/core/thrown.h"
#include "tests/models/tiny.h"

namespace pixnerd::sample {
namespace {

template <class Member>
std::vector<Member> all(const std::vector<PictureRequest>& pictures, Member PictureRequest::*member) {
  std::vector<Member> values;
  for (const PictureRequest& picture : pictures) values.push_back(picture.*member);
  return values;
}

using Labels = std::vector<std::optional<int64_t>>;
using Seeds = std::vector<uint64_t>;

TEST(RequestsOfClasses, ComeInRuns) {
  const auto pictures = requests_of({4, 5}, {0, 1}, 6, ClassOrder::runs, 40, {});
  EXPECT_EQ(all(pictures, &PictureRequest::label), (Labels{4, 4, 4, 5, 5, 5}));
  EXPECT_EQ(all(pictures, &PictureRequest::style), (Labels{0, 1, 0, 0, 1, 0}));
  EXPECT_EQ(all(pictures, &PictureRequest::seed), (Seeds{40, 41, 42, 43, 44, 45}));
  EXPECT_EQ(pictures[0].settings, pictures[5].settings);  // one object for all
}

TEST(RequestsOfClasses, InTurnsEveryClassHasEveryStyle) {
  const auto pictures = requests_of({4, 5}, {0, 1}, 8, ClassOrder::turns, 0, {});
  EXPECT_EQ(all(pictures, &PictureRequest::label), (Labels{4, 5, 4, 5, 4, 5, 4, 5}));
  EXPECT_EQ(all(pictures, &PictureRequest::style), (Labels{0, 1, 1, 0, 0, 1, 1, 0}));
}

TEST(RequestsOfClasses, AnyNumberIsDrawnAndStylesAreLeftOut) {
  for (const auto order : {ClassOrder::runs, ClassOrder::turns}) {
    for (const int64_t count : {1, 3, 7}) {
      const auto pictures = requests_of({4, 5}, {}, count, order, 0, {});
      EXPECT_EQ(std::ssize(pictures), count);
      for (const PictureRequest& picture : pictures) EXPECT_FALSE(picture.style);
    }
  }
}

class RequestsOfPrompts : public testing::Test {
 protected:
  RequestsOfPrompts() { settings_.size = {8, 12}; }

  std::vector<PictureRequest> of(const std::vector<Prompt>& prompts, int64_t count = 1) const {
    return requests_of(prompts, count, 7, "blurred", settings_, network_->config());
  }
  std::string refusal(const std::vector<PictureRequest>& pictures, double available) const {
    return thrown<RequestError>(
        [&] { check_memory(*network_, models::Precision::float32, pictures, static_cast<uint64_t>(available)); });
  }
  std::vector<PictureRequest> different(int64_t count) const {
    std::vector<Prompt> prompts;
    for (int64_t i = 0; i < count; ++i) prompts.push_back({concat("p", i), "", {}, {}});
    return of(prompts);
  }

  std::shared_ptr<models::Network> network_ = random_network(models::tiny_text_config(models::ModelType::t2i), 1);
  SampleConfig settings_;
  const double alone_ = models::sampling_bytes(network_->config(), {3, 2}, 12, 8, 1, models::Precision::float32);
};

TEST_F(RequestsOfPrompts, WhatAPromptDoesNotSayIsTaken) {
  const auto pictures = of({{"a fox", {}, 100, {}}, {"an owl", "", {}, PictureSize{16, 8}}}, 2);
  ASSERT_EQ(pictures.size(), 4U);
  EXPECT_EQ(all(pictures, &PictureRequest::seed), (Seeds{100, 101, 9, 10}));
  EXPECT_EQ(*pictures[1].prompt, "a fox");
  EXPECT_EQ(pictures[1].negative_prompt, "blurred");
  EXPECT_EQ(pictures[3].negative_prompt, "");
  EXPECT_EQ(pictures[1].settings->size, (PictureSize{8, 12}));
  EXPECT_EQ(pictures[3].settings->size, (PictureSize{16, 8}));
  EXPECT_EQ(texts_of(pictures), (std::vector<std::string>{"a fox", "blurred", "an owl", ""}));
}

TEST_F(RequestsOfPrompts, APromptsImpossibleSizeIsNamedWithItsLine) {
  Prompt prompt{"a fox", {}, {}, PictureSize{8, 8}, "p.jsonl:7"};
  settings_.size = {8, 8};
  EXPECT_NO_THROW(of({prompt}));
  prompt.size = {10, 8};
  EXPECT_TRUE(thrown<RequestError>([&] { of({prompt}); }).starts_with("p.jsonl:7: an image of 10x8"));
  prompt.size = {16, 8};
  settings_.decode_size = {{24, 24}};  // from 4 x 2 tokens
  EXPECT_NO_THROW(of({prompt}));
  prompt.size = {20, 8};
  EXPECT_TRUE(thrown<RequestError>([&] { of({prompt}); }).starts_with("p.jsonl:7: an image of 24x24"));
}

TEST_F(RequestsOfPrompts, TheStatesOfAllTextsCountInMemory) {
  const auto check_one = [&] {
    check_memory(*network_, models::Precision::float32, different(1), static_cast<uint64_t>(alone_ + 1000));
  };
  EXPECT_NO_THROW(check_one());
  const auto many = different(19'999);  // and the empty one; 5 states of 6 values in 2 bytes each
  const std::string message = refusal(many, alone_ + 1000);
  EXPECT_NE(message.find("the encoded prompts 1.2 MB"), std::string::npos) << message;
  EXPECT_NE(message.find("fewer prompts"), std::string::npos) << message;
  EXPECT_EQ(refusal(different(1), alone_ - 1000).find("fewer prompts"), std::string::npos);
  // A text that comes twice is encoded once.
  std::vector<PictureRequest> same(19'999, different(1).front());
  EXPECT_NO_THROW(check_memory(*network_, models::Precision::float32, same, static_cast<uint64_t>(alone_ + 1000)));
}

// Pictures that do not fit together are drawn one after the other; one that does not fit alone is refused.
TEST_F(RequestsOfPrompts, OnePictureAloneHasToFit) {
  auto pictures = different(2);
  auto large = settings_;
  large.size = {1024, 1024};
  EXPECT_NO_THROW(check_memory(*network_, models::Precision::float32, pictures, static_cast<uint64_t>(alone_ + 1000)));
  pictures[1].settings = std::make_shared<const SampleConfig>(large);
  EXPECT_NE(refusal(pictures, alone_ + 1000).find("1 picture of 1024x1024"), std::string::npos);
}

TEST_F(RequestsOfPrompts, WhatIsKeptForReuseCountsInMemory) {
  settings_.sampler.reuse = 2;
  EXPECT_NE(refusal(different(1), alone_ + 1000).find("--reuse"), std::string::npos);
  settings_.sampler.reuse = 1;
  settings_.sampler.encode_steps = {0, 3};
  EXPECT_NE(refusal(different(1), alone_ + 1000).find("--reuse"), std::string::npos);
}

class RequestsOfRecords : public testing::Test {
 protected:
  static PictureRecord of_class(int64_t label, uint64_t seed) {
    PictureRecord record;
    record.label = label;
    record.seed = seed;
    return record;
  }

  models::ModelConfig network_ = models::tiny_config();
};

TEST_F(RequestsOfRecords, AreThoseThatTheRecordsWereMadeOf) {
  SampleConfig settings;
  settings.size = {16, 8};
  settings.sampler.guidance = 3;
  auto pictures = requests_of({2, 1}, {1}, 4, ClassOrder::runs, 9, settings);
  PictureRequest text;
  text.prompt = "a fox";
  text.negative_prompt = "blurred";
  text.seed = ~uint64_t{0};
  text.settings = std::make_shared<const SampleConfig>();
  pictures.push_back(text);
  std::vector<PictureRecord> records;
  for (const PictureRequest& picture : pictures) records.push_back(record_of({}, picture));
  const auto again = requests_of(records, network_);
  ASSERT_EQ(again.size(), pictures.size());
  for (size_t i = 0; i < again.size(); ++i) {
    EXPECT_EQ(again[i].label, pictures[i].label) << i;
    EXPECT_EQ(again[i].style, pictures[i].style) << i;
    EXPECT_EQ(again[i].prompt, pictures[i].prompt) << i;
    EXPECT_EQ(again[i].negative_prompt, pictures[i].negative_prompt) << i;
    EXPECT_EQ(again[i].seed, pictures[i].seed) << i;
    EXPECT_EQ(*again[i].settings, *pictures[i].settings) << i;
  }
}

TEST_F(RequestsOfRecords, WhatWasDrawnBesideThemIsNotDrawnAgain) {
  std::vector<PictureRecord> records;
  for (const int64_t place : {1, 3, 0}) {
    records.push_back(of_class(1, static_cast<uint64_t>(place)));
    records.back().batch = 4;
    records.back().place = place;
    records.back().threads = 9;
  }
  const auto pictures = requests_of(records, network_);
  EXPECT_EQ(all(pictures, &PictureRequest::seed), (Seeds{1, 3, 0}));
  EXPECT_EQ(pictures[0].settings, pictures[2].settings);
}

// Earlier versions gave pictures the styles in turn without a word.
TEST_F(RequestsOfRecords, OfEarlierVersionsHaveTheStylesOfTheirPlaces) {
  network_.num_styles = 2;
  std::vector<PictureRecord> records(4, of_class(1, 0));
  for (int64_t place = 0; place < 3; ++place) records[static_cast<size_t>(place)].place = place;
  records[3].style = 2;
  EXPECT_EQ(all(requests_of(records, network_), &PictureRequest::style), (Labels{0, 1, 0, 2}));
}

TEST(RecordOf, SaysNothingOfTheCompany) {
  PictureRecord common;
  common.checkpoint = "a.ckpt";
  const PictureRecord record = record_of(common, requests_of({1}, {}, 1, ClassOrder::runs, 3, {}).front());
  EXPECT_EQ(record.checkpoint, "a.ckpt");
  EXPECT_EQ(record.label, 1);
  EXPECT_EQ(record.seed, 3U);
  EXPECT_FALSE(record.negative_prompt);
  for (const char* old : {"batch", "place", "threads"}) EXPECT_EQ(to_json(record).find(old), std::string::npos) << old;
}

}  // namespace
}  // namespace pixnerd::sample
