// Jobs that a test draws itself, evaluation by evaluation.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "image/codec.h"
#include "sample/condition.h"
#include "sample/drawing.h"
#include "serve/jobs.h"
#include "serve/live_job.h"
#include "tests/core/waiting.h"
#include "tests/serve/refused.h"
#include "tests/serve/studio_fixture.h"

namespace pixnerd::serve {

class JobsTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { models_ = new ServedModels; }
  static void TearDownTestSuite() { delete models_; }

  Order order(const std::string& text) { return order_of(draw_request(json(text)), catalogue_, pictures_, {}); }
  std::string accept(const std::string& text, const std::string& client = "somebody", bool is_kept = true,
                     int64_t keyframes = 0) {
    return jobs_->accept(order(text), {"native", client, is_kept, keyframes});
  }

  // As a server that is started again on the same folder. What was drawn by then is stored first.
  void start_again(JobLimits limits = {}) {
    jobs_.reset();
    network_.reset();
    shelf_ = std::make_unique<Shelf>(ShelfOptions{.batch = 1}, [] {});
    jobs_ = std::make_unique<Jobs>(history_, pictures_, limits);
  }

  std::shared_ptr<Loaded> network(const ServedModel& model, models::Precision precision) {
    std::shared_ptr<Loaded> loaded;
    EXPECT_TRUE(comes_true([&] { return (loaded = shelf_->get(model, precision)) != nullptr; }));
    return loaded;
  }

  // Hands all that waits to the engine.
  void begin() {
    for (auto heads = jobs_->heads(); !heads.empty(); heads = jobs_->heads()) {
      for (const auto& job : heads) {
        network_ = network(*job->order.model, job->order.precision);
        const auto to_engine = [&](const sample::PictureRequest& picture) {
          return sample::engine_picture(job->order.model->description.model, picture, {});
        };
        jobs_->submit(job, network_, to_engine, {});
      }
    }
  }
  // Evaluations; as many as there are unless said.
  int advance(int most = 1'000'000) {
    int made = 0;
    while (made < most && shelf_->advance()) ++made;
    return made;
  }
  void draw() {
    begin();
    advance();
  }

  JobView ended(const std::string& id) {
    auto view = std::make_shared<std::promise<JobView>>();
    auto future = view->get_future();
    jobs_->when_ended(id, [view](const JobView& last) { view->set_value(last); });
    if (future.wait_for(std::chrono::duration<double>(kPatientSeconds)) == std::future_status::ready)
      return future.get();
    ADD_FAILURE() << "the job has not ended";
    return {};
  }
  store::JobState state(const std::string& id) { return jobs_->find(id).value().stored.state; }

  image::Image picture(const store::StoredPicture& stored) {
    const auto png = pictures_.read(stored.hash, "png");
    EXPECT_TRUE(png);
    return image::decode(std::as_bytes(std::span(*png)), "picture", {});
  }

  // What `pixnerd sample` draws of the same requests.
  std::vector<image::Image> sampled(const Order& order) {
    const sample::ModelFile file = sample::load_model(order.model->path);
    file.network->prepare_for_inference(at::kCPU, at::kFloat);
    std::map<int64_t, image::Image> by_index;
    NoProgress progress;
    sample::draw(
        *file.network, order.pictures, {.batch = 1},
        [&](int64_t index, image::Image image) { by_index.emplace(index, std::move(image)); }, progress);
    std::vector<image::Image> images;
    for (auto& [index, image] : by_index) images.push_back(std::move(image));
    return images;
  }

  static inline ServedModels* models_ = nullptr;
  TemporaryFolder folder_;
  Catalogue catalogue_ = models_->catalogue();
  store::History history_{folder_.path()};
  store::PictureFolder pictures_{folder_ / "pictures"};
  std::unique_ptr<Jobs> jobs_ = std::make_unique<Jobs>(history_, pictures_, JobLimits{});
  std::unique_ptr<Shelf> shelf_ = std::make_unique<Shelf>(ShelfOptions{.batch = 1}, [] {});
  std::shared_ptr<Loaded> network_;
};

}  // namespace pixnerd::serve
