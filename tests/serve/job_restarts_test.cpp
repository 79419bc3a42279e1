// What becomes of jobs when the server stops, and when it is started again.
#include <gtest/gtest.h>

#include "tests/serve/jobs_fixture.h"

namespace pixnerd::serve {
namespace {

using store::JobState;

TEST_F(JobsTest, AfterARestartWhatIsMissingIsDrawn) {
  const std::string request = R"({"class":"hot dog","count":2,"seed":11})";
  const std::string whole = accept(request), half = accept(request);
  draw();
  const std::vector<store::StoredPicture> pictures = ended(whole).stored.pictures;
  ended(half);
  // One more as it was when the server was killed after the second picture.
  store::StoredJob stored = *history_.find(half);
  stored.id = "restored";
  stored.state = JobState::running;
  stored.ended = 0;
  stored.pictures.clear();
  history_.add(stored);
  history_.add_picture("restored", pictures[1]);
  start_again();
  jobs_->restore(*history_.find("restored"), order(stored.request));
  EXPECT_EQ(state("restored"), JobState::queued);
  EXPECT_EQ(jobs_->counts().pictures_waiting, 1);
  EXPECT_EQ(jobs_->find("restored").value().steps_done, 4);
  begin();
  EXPECT_EQ(advance(), 4);  // evaluations of one picture
  const JobView view = ended("restored");
  EXPECT_EQ(view.stored.state, JobState::done);
  ASSERT_EQ(view.stored.pictures.size(), 2u);
  EXPECT_EQ(view.stored.pictures[0].hash, pictures[0].hash);
  EXPECT_EQ(view.stored.pictures[1].hash, pictures[1].hash);
  EXPECT_EQ(jobs_->counts().pictures_waiting, 0);
}

TEST_F(JobsTest, AfterARestartAJobWithAllItsPicturesIsDone) {
  const std::string id = accept(R"({"class":0,"seed":3})");
  draw();
  const store::StoredPicture there = ended(id).stored.pictures.front();
  store::StoredJob stored = *history_.find(id);
  stored.id = "restored";
  stored.state = JobState::running;
  stored.ended = 0;
  stored.pictures.clear();
  history_.add(stored);
  history_.add_picture("restored", there);
  start_again();
  jobs_->restore(*history_.find("restored"), order(stored.request));
  EXPECT_EQ(ended("restored").stored.state, JobState::done);
  EXPECT_EQ(history_.find("restored").value().state, JobState::done);
  EXPECT_TRUE(jobs_->heads().empty());
  EXPECT_EQ(jobs_->counts().pictures_waiting, 0);
}

TEST_F(JobsTest, AServerThatStopsKeepsWhatIsKeptAndCancelsTheRest) {
  const std::string kept = accept(R"({"class":0})"), passing = accept(R"({"class":0})", "a", false);
  const double before = steady_seconds();
  jobs_->close(0.2);
  EXPECT_GE(steady_seconds() - before, 0.19);
  EXPECT_EQ(state(passing), JobState::cancelled);
  EXPECT_EQ(state(kept), JobState::queued);
  EXPECT_EQ(history_.find(kept).value().state, JobState::queued);
  EXPECT_EQ(refused([&] { accept(R"({"class":0})"); }).status, 503);
}

TEST_F(JobsTest, AServerThatStopsWaitsForNobodyLongerThanItMust) {
  const std::string passing = accept(R"({"class":0})", "a", false);
  std::thread drawing([&] { draw(); });
  const double before = steady_seconds();
  jobs_->close(60);
  EXPECT_LT(steady_seconds() - before, 30);
  drawing.join();
  EXPECT_EQ(state(passing), JobState::done);
}

TEST_F(JobsTest, TheyMayGoAsSoonAsTheirLastJobHasEnded) {
  for (int i = 0; i < 30; ++i) {
    const std::string id = accept(R"({"class":0,"steps":1})");
    draw();
    if (i % 2 == 0) ended(id);
    start_again();
    if (i % 2 != 0) {
      EXPECT_EQ(history_.find(id).value().state, JobState::done);  // it was stored before
    }
  }
}

}  // namespace
}  // namespace pixnerd::serve
