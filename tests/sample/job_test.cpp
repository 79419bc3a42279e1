#include "sample/job.h"

#include <gtest/gtest.h>

#include "core/errors.h"
#include "models/cost.h"
#include "tests/core/thrown.h"
#include "tests/models/tiny.h"

namespace pixnerd::sample {
namespace {

class JobTest : public testing::Test {
 protected:
  // Of one picture that shows text `row`.
  static Job job_of_text(int64_t row) {
    Job job;
    job.request.texts = TextConditions{{}, {row}, {0}};
    job.request.sample.size = {8, 12};
    job.numbers = {0};
    return job;
  }
  std::string refusal(const Job& job, double available) const {
    return thrown<RequestError>([&] { check_memory(*network_, {job}, static_cast<uint64_t>(available)); });
  }

  std::shared_ptr<models::Network> network_ = random_network(models::tiny_text_config(models::ModelType::t2i), 1);
  const double alone_ = models::sampling_bytes(network_->config(), {3, 2}, 12, 8, 1, models::Precision::float32);
};

TEST_F(JobTest, TheStatesOfAllTextsCountInMemory) {
  EXPECT_NO_THROW(check_memory(*network_, {job_of_text(1)}, static_cast<uint64_t>(alone_ + 1000)));
  const std::string message = refusal(job_of_text(999'999), alone_ + 1000);  // 5 states of 6 values in 2 bytes each
  EXPECT_NE(message.find("the encoded prompts 60 MB"), std::string::npos) << message;
  EXPECT_NE(message.find("fewer prompts"), std::string::npos) << message;
  EXPECT_EQ(refusal(job_of_text(1), alone_ - 1000).find("fewer prompts"), std::string::npos);
}

TEST_F(JobTest, WhatIsKeptForReuseCountsInMemory) {
  Job job = job_of_text(1);
  job.request.sample.sampler.reuse = 2;
  EXPECT_NE(refusal(job, alone_ + 1000).find("--reuse"), std::string::npos);
  job.request.sample.sampler.reuse = 1;
  job.request.sample.sampler.encode_steps = {0, 3};
  EXPECT_NE(refusal(job, alone_ + 1000).find("--reuse"), std::string::npos);
}

PictureRecord record_of_class(int64_t batch, int64_t place) {
  PictureRecord record;
  record.label = 1;
  record.batch = batch;
  record.place = place;
  return record;
}

TEST(JobsOfRecords, ABatchIsFilledUpWithCompany) {
  TextTable texts;
  const auto jobs = jobs_of({record_of_class(4, 1), record_of_class(4, 3), record_of_class(4, 0)}, texts);
  ASSERT_EQ(jobs.size(), 2U);
  EXPECT_EQ(jobs[0].numbers, (std::vector<int64_t>{-1, 0, -1, 1}));
  EXPECT_EQ(jobs[1].numbers, (std::vector<int64_t>{2, -1, -1, -1}));
  EXPECT_EQ(jobs[0].request.pictures(), 4);
}

// Each is within its limit, together they are not: refused before there is a job of them.
TEST(JobsOfRecords, BatchesThatAreTooManyTogetherAreRefused) {
  TextTable texts;
  const std::vector<PictureRecord> records(10'000, record_of_class(diffusion::kLargestBatch, 0));
  EXPECT_NE(thrown<RequestError>([&] { jobs_of(records, texts); }).find("batches"), std::string::npos);
}

TEST_F(JobTest, APromptsImpossibleSizeIsNamedWithItsLine) {
  Prompt prompt{"a fox", {}, {}, PictureSize{8, 8}, "p.jsonl:7"};
  SampleConfig settings;
  settings.size = {8, 8};
  EXPECT_NO_THROW(check_sizes({prompt}, network_->config(), settings));
  prompt.size = {10, 8};
  EXPECT_TRUE(thrown<RequestError>([&] {
                check_sizes({prompt}, network_->config(), settings);
              }).starts_with("p.jsonl:7: an image of 10x8"));
  prompt.size = {16, 8};
  settings.decode_size = {{24, 24}};  // from 4 x 2 tokens
  EXPECT_NO_THROW(check_sizes({prompt}, network_->config(), settings));
  prompt.size = {20, 8};
  EXPECT_TRUE(thrown<RequestError>([&] {
                check_sizes({prompt}, network_->config(), settings);
              }).starts_with("p.jsonl:7: an image of 24x24"));
}

TEST(RestOf, KeepsBatchesInWhichSomethingIsMissing) {
  Request request;
  request.labels = {5, 6, 7, 8, 9};
  request.styles = {0, 1, 2, 3, 4};
  request.seed = 40;
  request.batch_size = 2;
  const std::vector<Job> jobs = {job_of(request), job_of(request, 5)};
  std::vector<bool> is_there(10, true);
  EXPECT_TRUE(rest_of(jobs, is_there).empty());
  is_there[3] = is_there[4] = false;
  const std::vector<Job> rest = rest_of(jobs, is_there);
  ASSERT_EQ(rest.size(), 1U);
  EXPECT_EQ(rest[0].numbers, (std::vector<int64_t>{-1, 3, 4}));
  EXPECT_EQ(rest[0].request.labels, (std::vector<int64_t>{7, 8, 9}));
  EXPECT_EQ(rest[0].request.styles, (std::vector<int64_t>{2, 3, 4}));
  EXPECT_EQ(rest[0].request.seeds, (std::vector<uint64_t>{42, 43, 44}));
  TextTable texts;
  std::vector<TextPicture> pictures;
  for (uint64_t i = 0; i < 3; ++i) pictures.push_back({concat("p", i), "", i, {8, 8}});
  const std::vector<Job> of_texts = rest_of(jobs_of(pictures, request, texts), {true, true, false});
  ASSERT_EQ(of_texts.size(), 1U);
  EXPECT_EQ(texts.texts()[static_cast<size_t>(of_texts[0].request.texts->rows.at(0))], "p2");
  EXPECT_EQ(of_texts[0].numbers, (std::vector<int64_t>{2}));
}

}  // namespace
}  // namespace pixnerd::sample
