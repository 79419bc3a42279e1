// What watchers of jobs hear.
#include <gtest/gtest.h>

#include "serve/job_value.h"
#include "tests/serve/jobs_fixture.h"

namespace pixnerd::serve {
namespace {

using store::JobState;

TEST_F(JobsTest, ChangesAreTheNewestStateOfEachJob) {
  uint64_t since = jobs_->last_change();
  const std::string id = accept(R"({"class":0})"), other = accept(R"({"class":0})");
  auto changes = jobs_->changes_since(since, "", false);
  ASSERT_TRUE(changes);
  ASSERT_EQ(changes->size(), 2u);
  EXPECT_TRUE(changes->front().is_new_state);
  EXPECT_TRUE(jobs_->changes_since(since, "", false)->empty());
  begin();
  advance(1);
  uint64_t from_here = since;
  changes = jobs_->changes_since(since, id, false);
  ASSERT_EQ(changes->size(), 1u);
  EXPECT_EQ(changes->front().view.stored.state, JobState::running);
  uint64_t seen = since;
  advance(1);
  changes = jobs_->changes_since(seen, "", false);
  ASSERT_GE(changes->size(), 1u);
  advance();
  ended(id);
  ended(other);
  // All that was on the way is one change of each.
  changes = jobs_->changes_since(from_here, "", false);
  ASSERT_EQ(changes->size(), 2u);
  EXPECT_EQ(changes->front().view.stored.state, JobState::done);
  EXPECT_EQ(from_here, jobs_->last_change());
  uint64_t unknown = from_here + 1;
  EXPECT_FALSE(jobs_->changes_since(unknown, "", false));
}

TEST_F(JobsTest, WhatWasForgottenIsSaid) {
  const std::string id = accept(R"({"class":0})");
  uint64_t since = jobs_->last_change();
  jobs_->cancel(id);
  jobs_->remove(id);
  uint64_t before = since;
  EXPECT_FALSE(jobs_->changes_since(before, "", false));
  EXPECT_FALSE(jobs_->changes_since(before, id, false));
}

TEST_F(JobsTest, ListenersHearOfChangesAndOfWork) {
  std::atomic<int> changes = 0, work = 0;
  jobs_->set_listeners([&](Haste) { ++changes; }, [&] { ++work; });
  const std::string id = accept(R"({"class":0})");
  EXPECT_EQ(work, 1);
  EXPECT_GE(changes, 1);
  jobs_->cancel(id);
  EXPECT_GE(changes, 2);
  start_again();  // what listens goes before
}

TEST_F(JobsTest, PreviewsAreMadeWhileSomebodyWantsThem) {
  const std::string id = accept(R"({"class":0,"steps":100})");
  begin();
  advance(5);
  EXPECT_EQ(jobs_->preview(id, 0), nullptr);
  uint64_t since = jobs_->last_change();
  {
    const auto hold = jobs_->want_previews(id);
    advance(5);
    EXPECT_TRUE(comes_true([&] { return jobs_->preview(id, 0) != nullptr; }));
    const auto png = jobs_->preview(id, 0);
    EXPECT_EQ(image::inspect(std::as_bytes(std::span(*png)), "preview").width, 8);
    auto changes = jobs_->changes_since(since, id, true);
    ASSERT_EQ(changes->size(), 1u);
    ASSERT_EQ(changes->front().previews.size(), 1u);
    EXPECT_EQ(changes->front().previews[0].png, png);
    EXPECT_EQ(changes->front().previews[0].index, 0);
    EXPECT_TRUE(jobs_->changes_since(since, id, true)->empty());
  }
  const auto last = jobs_->preview(id, 0);
  std::this_thread::sleep_for(std::chrono::milliseconds(250));
  advance(20);
  EXPECT_EQ(jobs_->preview(id, 0), last);
  jobs_->cancel(id);
  EXPECT_EQ(jobs_->preview(id, 0), nullptr);
  EXPECT_EQ(jobs_->preview(id, 1), nullptr);
  EXPECT_EQ(jobs_->want_previews("nobody"), nullptr);
}

TEST_F(JobsTest, KeyFramesAreEvenlySpaced) {
  const std::string id = accept(R"({"class":0,"steps":8})", "a", false, 3);
  begin();
  std::vector<int64_t> frames_after;
  for (int i = 0; i < 8; ++i) {
    advance(1);
    int64_t frames = 0;
    while (jobs_->key_frame(id, 0, frames) != nullptr) ++frames;
    frames_after.push_back(frames);
  }
  EXPECT_EQ(frames_after, (std::vector<int64_t>{0, 1, 1, 2, 2, 3, 3, 3}));
  ended(id);
  EXPECT_NE(jobs_->key_frame(id, 0, 2), nullptr);  // for who has not looked yet
  EXPECT_EQ(jobs_->key_frame(id, 0, 3), nullptr);
  EXPECT_EQ(jobs_->key_frame(id, 1, 0), nullptr);
}

TEST_F(JobsTest, AJobIsShownWithAllItsFields) {
  const std::string id = accept(R"({"class":"pear","style":"round","seed":18446744073709551615})");
  config::Value value = job_value(*jobs_->find(id));
  for (const char* const key :
       {"id", "api", "state", "model", "created", "started", "ended", "count", "position", "progress", "steps",
        "steps_done", "eta", "title", "request", "pictures", "warnings", "error"}) {
    EXPECT_NE(value.find(key), nullptr) << key;
  }
  EXPECT_EQ(value.at("state").scalar, "queued");
  EXPECT_EQ(value.at("started").kind, config::Value::Kind::null);
  EXPECT_EQ(value.at("title").scalar, "pear, round");
  EXPECT_EQ(value.at("request").at("seed").scalar, "18446744073709551615");
  draw();
  value = job_value(ended(id));
  EXPECT_EQ(value.at("state").scalar, "done");
  ASSERT_EQ(value.at("pictures").items.size(), 1u);
  const config::Value& picture = value.at("pictures").items.front();
  EXPECT_EQ(picture.at("url").scalar, "/api/pictures/" + picture.at("hash").scalar + ".png");
  EXPECT_EQ(picture.at("seed").scalar, "18446744073709551615");
  EXPECT_EQ(picture.at("record").at("class_name").scalar, "pear");
  // And when it is no longer in memory.
  start_again();
  value = job_value(*jobs_->find(id));
  EXPECT_EQ(value.at("title").scalar, "pear, round");
  EXPECT_EQ(value.at("progress").scalar, "1.0");
}

}  // namespace
}  // namespace pixnerd::serve
