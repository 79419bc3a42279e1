#include "serve/jobs.h"

#include <gtest/gtest.h>

#include "core/errors.h"
#include "core/text.h"
#include "http/base64.h"
#include "image/codec.h"
#include "sample/record.h"
#include "tests/core/full_disk.h"
#include "tests/core/thrown.h"
#include "tests/serve/jobs_fixture.h"

namespace pixnerd::serve {
namespace {

using store::JobState;

TEST_F(JobsTest, PicturesAreThoseThatSampleDraws) {
  const std::string request = R"({"class":"pear","count":3,"seed":18446744073709551614,"steps":5})";
  const std::vector<image::Image> expected = sampled(order(request));
  const std::string id = accept(request);
  EXPECT_EQ(state(id), JobState::queued);
  EXPECT_EQ(history_.find(id).value().state, JobState::queued);
  draw();
  const JobView view = ended(id);
  EXPECT_EQ(view.stored.state, JobState::done);
  EXPECT_EQ(view.progress(), 1);
  EXPECT_EQ(view.steps, 15);
  EXPECT_EQ(view.steps_done, 15);
  EXPECT_FALSE(view.eta);
  EXPECT_GE(view.stored.started, view.stored.created);
  EXPECT_GE(view.stored.ended, view.stored.started);
  ASSERT_EQ(view.stored.pictures.size(), 3u);
  const std::vector<uint64_t> seeds{UINT64_MAX - 1, UINT64_MAX, 0};
  for (size_t i = 0; i < 3; ++i) {
    const store::StoredPicture& each = view.stored.pictures[i];
    EXPECT_EQ(picture(each).rgb, expected[i].rgb);
    EXPECT_EQ(each.index, static_cast<int64_t>(i));
    EXPECT_EQ(each.seed, seeds[i]);
    EXPECT_EQ(each.width, 8);
    const config::Value record = json(each.record);
    EXPECT_EQ(record.at("class_name").scalar, "pear");
    EXPECT_EQ(record.at("style_name").scalar, i % 2 == 0 ? "flat" : "round");
    EXPECT_EQ(record.at("checkpoint_hash").scalar, catalogue_.models().front().hash);
  }
  EXPECT_EQ(history_.find(id).value().pictures.size(), 3u);
  EXPECT_EQ(jobs_->counts().pictures, 3u);
  EXPECT_EQ(jobs_->counts().pictures_waiting, 0);
}

TEST_F(JobsTest, TheQueueHasAnEndAndEachClientAShareOfIt) {
  start_again({.pictures = 8, .share = 0.75});
  const std::string first = accept(R"({"class":0,"count":6})", "a");
  const Refusal share = refused([&] { accept(R"({"class":0})", "a"); });
  EXPECT_EQ(share.status, 429);
  EXPECT_EQ(share.code, "queue_full");
  EXPECT_GE(share.retry_after, 1);
  EXPECT_STREQ(share.what(),
               "your share of the queue is full, with 6 of 6 pictures that wait to be drawn; try again later");
  accept(R"({"class":0,"count":2})", "b");
  const Refusal full = refused([&] { accept(R"({"class":0})", "c"); });
  EXPECT_STREQ(full.what(), "the queue is full, with 8 of 8 pictures that wait to be drawn; try again later");
  EXPECT_EQ(jobs_->counts().refused, 2u);
  EXPECT_EQ(jobs_->counts().accepted, 2u);
  EXPECT_EQ(jobs_->counts().queued, 2);
  EXPECT_EQ(jobs_->counts().pictures_waiting, 8);
  EXPECT_TRUE(jobs_->cancel(first));
  EXPECT_EQ(jobs_->counts().pictures_waiting, 2);
  accept(R"({"class":0,"count":6})", "c");
  draw();
  EXPECT_TRUE(comes_true([&] { return jobs_->counts().pictures_waiting == 0; }));
  accept(R"({"class":0,"count":6})", "a");
}

TEST_F(JobsTest, PicturesToDrawFromTakeBoundedMemory) {
  start_again({.bytes = 2000});
  const std::vector<std::byte> png = image::encode_png(image::blank(8, 8));
  const std::string_view bytes(reinterpret_cast<const char*>(png.data()), png.size());
  const std::string edit = concat(R"({"class":0,"image":")", http::base64(bytes), R"("})");
  const std::string first = accept(edit);
  const Refusal full = refused([&] { accept(edit); });
  EXPECT_EQ(full.status, 429);
  EXPECT_NE(std::string(full.what()).find("the memory for pictures to draw from is full"), std::string::npos);
  accept(R"({"class":0})");
  EXPECT_TRUE(jobs_->cancel(first));
  accept(edit);
}

TEST_F(JobsTest, WhatCannotBeKeptTakesNoRoom) {
  Order unwritable = order(R"({"class":0,"count":2})");
  unwritable.request.client = "\xff";
  EXPECT_THROW(jobs_->accept(std::move(unwritable), {"native", "somebody"}), ConfigError);
  EXPECT_EQ(jobs_->counts().pictures_waiting, 0);
  EXPECT_EQ(jobs_->counts().accepted, 0u);
}

TEST_F(JobsTest, WhatNoQueueHoldsIsRefusedForGood) {
  start_again({.pictures = 8, .share = 0.75});
  const Refusal refusal = refused([&] { accept(R"({"class":0,"count":7})"); });
  EXPECT_EQ(refusal.status, 400);
  EXPECT_EQ(refusal.param, "count");
  start_again({.pictures = 1, .share = 0.75});
  accept(R"({"class":0})");
}

TEST_F(JobsTest, ClientsTakeTurns) {
  const std::string a1 = accept(R"({"class":0})", "a"), a2 = accept(R"({"class":0})", "a");
  const std::string b1 = accept(R"({"class":0})", "b");
  const auto heads = [&] {
    std::vector<std::string> ids;
    for (const auto& job : jobs_->heads()) ids.push_back(job->stored.id);
    return ids;
  };
  EXPECT_EQ(heads(), (std::vector<std::string>{a1, b1}));
  EXPECT_EQ(jobs_->find(a2).value().position, 1);
  EXPECT_EQ(jobs_->find(b1).value().position, 2);
  const auto first = jobs_->heads().front();
  jobs_->submit(
      first, network(*first->order.model, first->order.precision),
      [&](const auto& picture) { return sample::engine_picture(first->order.model->description.model, picture, {}); },
      {"a warning"});
  EXPECT_EQ(heads(), (std::vector<std::string>{b1, a2}));
  advance();
  EXPECT_EQ(ended(a1).stored.warnings, std::vector<std::string>{"a warning"});
  EXPECT_EQ(history_.find(a1).value().warnings, std::vector<std::string>{"a warning"});
}

TEST_F(JobsTest, AQueuedJobIsCancelledAtOnce) {
  const std::string id = accept(R"({"class":0,"count":2})");
  EXPECT_TRUE(jobs_->cancel(id));
  EXPECT_EQ(state(id), JobState::cancelled);
  EXPECT_EQ(history_.find(id).value().state, JobState::cancelled);
  EXPECT_TRUE(jobs_->heads().empty());
  EXPECT_FALSE(jobs_->cancel(id));
  EXPECT_FALSE(jobs_->cancel("nobody"));
  EXPECT_EQ(jobs_->counts().cancelled, 1u);
}

TEST_F(JobsTest, ARunningJobIsCancelledBeforeTheNextEvaluation) {
  const std::string id = accept(R"({"class":0,"count":3,"steps":50})"), other = accept(R"({"class":1,"steps":3})");
  begin();
  advance(4);
  EXPECT_EQ(state(id), JobState::running);
  EXPECT_GT(jobs_->find(id).value().steps_done, 0);
  EXPECT_TRUE(jobs_->find(id).value().eta);
  EXPECT_TRUE(jobs_->cancel(id));
  EXPECT_EQ(state(id), JobState::cancelled);
  EXPECT_LE(advance(), 4);  // what is left of the other
  EXPECT_EQ(ended(other).stored.state, JobState::done);
  EXPECT_EQ(ended(id).stored.state, JobState::cancelled);
  EXPECT_EQ(network_->engine->size(), 0u);
}

TEST_F(JobsTest, FinishingEarlyKeepsWhatIsThere) {
  const std::string id = accept(R"({"class":0,"count":40,"steps":2})");
  begin();
  while (jobs_->find(id).value().stored.pictures.empty()) {
    ASSERT_GT(advance(1), 0);
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  EXPECT_TRUE(jobs_->finish_early(id));
  advance();
  const JobView view = ended(id);
  EXPECT_EQ(view.stored.state, JobState::done);
  EXPECT_GE(view.stored.pictures.size(), 1u);
  EXPECT_LT(view.stored.pictures.size(), 40u);
  EXPECT_EQ(jobs_->counts().pictures_waiting, 0);
  EXPECT_FALSE(jobs_->finish_early(id));
  const std::string waiting = accept(R"({"class":0})");
  EXPECT_TRUE(jobs_->finish_early(waiting));
  EXPECT_EQ(state(waiting), JobState::cancelled);
}

TEST_F(JobsTest, FinishingEarlyKeepsWhatIsDrawnAndNotStoredYet) {
  const std::string before = accept(R"({"class":0})"), id = accept(R"({"class":1})");
  EXPECT_TRUE(jobs_->cancel(before));
  std::promise<void> go_on;
  jobs_->when_ended(before, [wait = go_on.get_future().share()](const JobView&) { wait.wait(); });  // the disk is slow
  draw();
  EXPECT_TRUE(jobs_->finish_early(id));
  go_on.set_value();
  const JobView view = ended(id);
  EXPECT_EQ(view.stored.state, JobState::done);
  EXPECT_EQ(view.stored.pictures.size(), 1u);
}

TEST_F(JobsTest, AJobIsGivenUpAfterItsDeadline) {
  const std::string late = accept(R"({"class":0,"deadline":0.001})"), good = accept(R"({"class":0})");
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  jobs_->expire();
  const JobView view = ended(late);
  EXPECT_EQ(view.stored.state, JobState::failed);
  EXPECT_EQ(view.stored.error, "the deadline has passed before the pictures were drawn");
  EXPECT_EQ(history_.find(late).value().error, view.stored.error);
  draw();
  EXPECT_EQ(ended(good).stored.state, JobState::done);
}

TEST_F(JobsTest, APictureThatFailsFailsItsJobAlone) {
  const std::string bad = accept(R"({"class":0,"guidance":1e300,"count":2})"), good = accept(R"({"class":0})");
  draw();
  const JobView view = ended(bad);
  EXPECT_EQ(view.stored.state, JobState::failed);
  EXPECT_NE(view.stored.error.find("not finite after step"), std::string::npos) << view.stored.error;
  EXPECT_EQ(ended(good).stored.state, JobState::done);
  EXPECT_EQ(jobs_->counts().failed, 1u);
  EXPECT_EQ(jobs_->counts().pictures_waiting, 0);
}

TEST_F(JobsTest, ADiskThatRefusesIsSaid) {
  const std::string drawn = accept(R"({"class":0})");
  begin();
  {
    const FullDisk full(64);
    EXPECT_NE(thrown<DataError>([&] { accept(R"({"class":0})", "other"); }), "");
    EXPECT_EQ(jobs_->counts().pictures_waiting, 1);
    EXPECT_EQ(jobs_->live().size(), 1u);
    advance();
    EXPECT_EQ(ended(drawn).stored.state, JobState::failed);
  }
  EXPECT_NE(ended(drawn).stored.error, "");
  const std::string later = accept(R"({"class":0})");
  draw();
  EXPECT_EQ(ended(later).stored.state, JobState::done);
}

TEST_F(JobsTest, AJobThatIsTakenOutTakesItsPicturesWithIt) {
  const std::string first = accept(R"({"class":0,"seed":1})"), same = accept(R"({"class":0,"seed":1})");
  EXPECT_NE(thrown<RequestError>([&] { jobs_->remove(first); }), "");  // it has not ended
  draw();
  const std::string hash = ended(first).stored.pictures.front().hash;
  EXPECT_EQ(ended(same).stored.pictures.front().hash, hash);
  EXPECT_TRUE(jobs_->remove(first));
  EXPECT_FALSE(jobs_->find(first));
  EXPECT_TRUE(pictures_.read(hash, "png"));  // the other job has it
  EXPECT_TRUE(jobs_->remove(same));
  EXPECT_FALSE(pictures_.read(hash, "png"));
  EXPECT_FALSE(jobs_->remove(same));
  EXPECT_EQ(history_.size(), 0);
}

TEST_F(JobsTest, TheOldestJobsGiveWay) {
  start_again({.history = 2});
  std::vector<std::string> ids;
  for (int i = 0; i < 4; ++i) {
    ids.push_back(accept(R"({"class":0,"seed":)" + std::to_string(i) + "}"));
    draw();
    ended(ids.back());
    std::this_thread::sleep_for(std::chrono::milliseconds(2));  // they are told apart by their time
  }
  EXPECT_TRUE(comes_true(
      [&] { return history_.size() == 2 && !jobs_->find(ids[1]); }));  // the last one is written after its end
  EXPECT_FALSE(jobs_->find(ids[0]));
  EXPECT_TRUE(jobs_->find(ids[2]));
  EXPECT_TRUE(jobs_->find(ids[3]));
  EXPECT_TRUE(comes_true([&] { return pictures_.hashes("png").size() == 2; }));
}

TEST_F(JobsTest, EndedJobsHoldNoNetworkAndNoPictures) {
  const std::string id = accept(R"({"class":0})"), cancelled = accept(R"({"class":0,"steps":50})");
  begin();
  advance(8);
  jobs_->cancel(cancelled);
  advance();
  ended(id);
  ended(cancelled);
  const std::weak_ptr<Loaded> network = network_;
  network_.reset();
  shelf_.reset();
  EXPECT_TRUE(comes_true([&] { return network.expired(); }));
  EXPECT_EQ(jobs_->find(id).value().steps_done, 4);  // and are known all the same
}

TEST_F(JobsTest, WhoWaitsIsToldOnce) {
  const std::string id = accept(R"({"class":0})");
  std::atomic<int> calls = 0;
  jobs_->when_ended(id, [&](const JobView& view) { calls += view.stored.state == JobState::cancelled; });
  jobs_->when_ended("nobody", [&](const JobView&) { calls += 100; });
  jobs_->cancel(id);
  EXPECT_EQ(calls, 1);
  jobs_->when_ended(id, [&](const JobView&) { ++calls; });
  EXPECT_TRUE(comes_true([&] { return calls == 2; }));
}

TEST_F(JobsTest, JobsAreListedNewestFirst) {
  std::vector<std::string> ids;
  for (int i = 0; i < 5; ++i) {
    ids.push_back(accept(R"({"class":0})"));
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  jobs_->cancel(ids[1]);
  const store::Page first = jobs_->list(3, "", {});
  ASSERT_EQ(first.jobs.size(), 3u);
  EXPECT_EQ(first.jobs[0].id, ids[4]);
  const store::Page rest = jobs_->list(3, first.next, {});
  ASSERT_EQ(rest.jobs.size(), 2u);
  EXPECT_EQ(rest.jobs[1].id, ids[0]);
  EXPECT_EQ(rest.next, "");
  EXPECT_EQ(jobs_->list(3, "", JobState::cancelled).jobs.size(), 1u);
  EXPECT_EQ(jobs_->view_of(first.jobs[0]).position, 3);
  EXPECT_EQ(jobs_->live().size(), 4u);
}

}  // namespace
}  // namespace pixnerd::serve
