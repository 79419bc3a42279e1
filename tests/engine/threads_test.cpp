// One thread advances the engine while others submit and cancel. Also for builds that watch threads and memory: what
// the observers count is counted in atomics alone.
#include <ATen/TensorOperators.h>
#include <ATen/ops/full.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <mutex>
#include <random>
#include <thread>

#include "core/errors.h"
#include "engine/engine.h"

namespace pixnerd::engine {
namespace {

enum class End { none, done, failed, cancelled };

// What one picture hears, and whether that is in order.
class Fate : public Observer {
 public:
  void queued(PictureId id) override {
    if (heard_.fetch_add(1) != 0) ++wrong_;
    id_ = id;
  }
  void started(PictureId id) override { expect_going(id); }
  void evaluated(PictureId id, const Evaluated&) override { expect_going(id); }
  void stepped(PictureId id, const Stepped&) override { expect_going(id); }
  void done(PictureId id, const at::Tensor&) override { end(id, End::done); }
  void failed(PictureId id, std::exception_ptr) override { end(id, End::failed); }
  void cancelled(PictureId id) override { end(id, End::cancelled); }

  End how_it_ended() const { return end_; }
  int wrong() const { return wrong_; }  // events that should not have come

  std::atomic<bool> was_cancelled = false, was_submitted = false;

 private:
  void expect_going(PictureId id) {
    if (heard_.fetch_add(1) == 0 || id != id_ || end_ != End::none) ++wrong_;
  }
  void end(PictureId id, End how) {
    expect_going(id);
    end_ = how;
  }

  std::atomic<int> heard_ = 0, wrong_ = 0;
  std::atomic<PictureId> id_ = 0;
  std::atomic<End> end_ = End::none;
};

// The straight flow to pictures of one value, the condition; fails where that is negative.
at::Tensor straight(const at::Tensor& x, const at::Tensor& t, const at::Tensor& condition) {
  if (condition.min().item<float>() < 0) throw DataError("the condition is negative");
  return (condition.view({-1, 1, 1, 1}) - x) / (1 - t).view({-1, 1, 1, 1});
}

class ThreadsTest : public testing::Test {
 public:
  static constexpr int kThreads = 4, kPicturesEach = 250;

  static Picture picture(std::mt19937& random, uint64_t submitter) {
    SampleConfig settings;
    const int64_t side = 2 << random() % 2;
    settings.size = {side, side};
    settings.sampler.steps = 1 + static_cast<int64_t>(random() % 5);
    if (random() % 2 == 0) settings.sampler.guidance = 2;
    Picture picture;
    picture.condition = at::full({1}, random() % 10 == 0 ? -1.0 : 0.5);
    picture.null_condition = at::full({1}, 0.25);
    picture.seed = random();
    picture.settings = std::make_shared<const SampleConfig>(settings);
    picture.submitter = submitter;
    return picture;
  }

  // False where the engine takes no more.
  bool submit(Fate& fate, const std::shared_ptr<Observer>& observer, Picture picture) {
    try {
      fate.was_submitted = true;
      const PictureId id = engine_.submit(std::move(picture), observer);
      const std::lock_guard lock(mutex_);
      submitted_.emplace_back(id, &fate);
      return true;
    } catch (const RequestError&) {
      fate.was_submitted = false;
      return false;
    }
  }

  // Any that was submitted, whoever did so and whether it is still there or not.
  void cancel_one(std::mt19937& random) {
    std::pair<PictureId, Fate*> chosen;
    {
      const std::lock_guard lock(mutex_);
      if (submitted_.empty()) return;
      const size_t recent = std::min<size_t>(submitted_.size(), 20);
      chosen = submitted_[submitted_.size() - 1 - random() % recent];
    }
    try {
      engine_.cancel(chosen.first);
      if (chosen.second->was_cancelled.exchange(true)) ++cancelled_twice_;
    } catch (const RequestError&) {
      // It has ended, or another thread was first.
    }
  }

  void submit_and_cancel(int thread) {
    std::mt19937 random(static_cast<uint32_t>(thread));
    for (int i = 0; i < kPicturesEach; ++i) {
      const auto& fate = fates_[static_cast<size_t>(thread * kPicturesEach + i)];
      submit(*fate, fate, picture(random, static_cast<uint64_t>(thread % 3)));
      if (random() % 3 == 0) cancel_one(random);
      if (random() % 50 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }

  void advance_to_the_end() {
    while (engine_.wait()) {
      while (engine_.advance()) {
      }
    }
  }

  std::array<int, 4> expect_one_end_each() const {
    std::array<int, 4> ends{};
    for (const auto& fate : fates_) {
      EXPECT_EQ(fate->wrong(), 0);
      EXPECT_EQ(fate->how_it_ended() != End::none, fate->was_submitted);
      EXPECT_EQ(fate->how_it_ended() == End::cancelled, fate->was_cancelled);  // whoever was told so can rely on it
      ++ends[static_cast<size_t>(fate->how_it_ended())];
    }
    EXPECT_EQ(cancelled_twice_, 0);
    EXPECT_EQ(engine_.size(), 0U);
    return ends;
  }

  static std::vector<std::shared_ptr<Fate>> new_fates() {
    std::vector<std::shared_ptr<Fate>> fates;
    for (int i = 0; i < kThreads * kPicturesEach; ++i) fates.push_back(std::make_shared<Fate>());
    return fates;
  }

  diffusion::FunctionDenoiser denoiser_{straight};
  Engine engine_{denoiser_, models::Precision::float32, {.channels = 1, .most_together = 5}};
  std::vector<std::shared_ptr<Fate>> fates_ = new_fates();
  std::mutex mutex_;
  std::vector<std::pair<PictureId, Fate*>> submitted_;
  std::atomic<int> cancelled_twice_ = 0;
};

TEST_F(ThreadsTest, EveryPictureEndsOnce) {
  std::thread advancing([&] { advance_to_the_end(); });
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kThreads; ++i) threads.emplace_back([this, i] { submit_and_cancel(i); });
  }
  engine_.close();
  advancing.join();
  const auto [none, done, failed, cancelled] = expect_one_end_each();
  EXPECT_EQ(none, 0);
  EXPECT_GT(done, 0);
  EXPECT_GT(failed, 0);
  EXPECT_GT(cancelled, 0);
}

// Those that were taken before it was closed end; the others hear of no end.
TEST_F(ThreadsTest, ClosedMeanwhileItEndsWhatItHas) {
  std::thread advancing([&] { advance_to_the_end(); });
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kThreads; ++i) threads.emplace_back([this, i] { submit_and_cancel(i); });
    const auto taken = [&] {
      const std::lock_guard lock(mutex_);
      return submitted_.size();
    };
    while (taken() < 200) std::this_thread::yield();
    engine_.close();
  }
  advancing.join();
  expect_one_end_each();
  EXPECT_FALSE(engine_.wait());
}

// Observers may submit and cancel; they are called by the thread that advances.
TEST_F(ThreadsTest, ObserversMaySubmitAndCancel) {
  struct Chain : Observer {
    explicit Chain(ThreadsTest& own) : test(own) {}
    void stepped(PictureId, const Stepped&) override {
      if (random() % 4 == 0) test.cancel_one(random);
    }
    void done(PictureId, const at::Tensor&) override { go_on(); }
    void failed(PictureId, std::exception_ptr) override { go_on(); }
    void go_on() {
      for (int i = 0; i < 2 && next < test.fates_.size(); ++i) {
        const auto& fate = test.fates_[next++];
        test.submit(*fate, fate, picture(random, 0));
      }
      if (next < test.fates_.size()) test.engine_.submit(picture(random, 1), self.lock());
    }

    ThreadsTest& test;
    std::weak_ptr<Chain> self;
    std::mt19937 random{1};
    size_t next = 0;
  };
  const auto chain = std::make_shared<Chain>(*this);
  chain->self = chain;
  chain->go_on();
  while (engine_.advance()) {
  }
  EXPECT_EQ(chain->next, fates_.size());
  expect_one_end_each();
}

// What is left when the engine goes is let go of: no observer stays behind.
TEST_F(ThreadsTest, PicturesThatNobodyDrawsAreLetGo) {
  std::weak_ptr<Fate> queued, begun;
  {
    Engine engine(denoiser_, models::Precision::float32, {.channels = 1, .most_together = 1});
    std::mt19937 random(3);
    for (std::weak_ptr<Fate>* each : {&begun, &queued}) {
      const auto fate = std::make_shared<Fate>();
      *each = fate;
      Picture long_one = picture(random, 0);
      auto settings = *long_one.settings;
      settings.sampler.steps = 100;
      long_one.settings = std::make_shared<const SampleConfig>(settings);
      long_one.condition.fill_(0.5);
      engine.submit(std::move(long_one), fate);
    }
    engine.advance();
    EXPECT_FALSE(begun.expired());
  }
  EXPECT_TRUE(begun.expired());
  EXPECT_TRUE(queued.expired());
}

}  // namespace
}  // namespace pixnerd::engine
