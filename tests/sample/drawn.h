// Requests of the tiny networks, and what is drawn of them.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "core/progress.h"
#include "sample/drawing.h"
#include "sample/requests.h"
#include "tests/sample/tiny_model.h"

namespace pixnerd::sample {

// Progress goes forward to its end.
class Count : public Progress {
 public:
  void update(int64_t now, int64_t of, std::string_view) override {
    EXPECT_GE(now, done);
    done = now;
    total = of;
  }
  int64_t done = 0, total = -1;
};

// One picture a label, with the seeds from 40 on.
inline std::vector<PictureRequest> requests_for(const std::vector<int64_t>& labels,
                                                const SampleConfig& settings = tiny_description().sample) {
  return requests_of(labels, {}, static_cast<int64_t>(labels.size()), ClassOrder::runs, 40, settings);
}

// In the order of the requests.
inline std::vector<image::Image> drawn(models::Network& network, const std::vector<PictureRequest>& pictures,
                                       const DrawSettings& settings = {}) {
  std::map<int64_t, image::Image> by_index;
  Count progress;
  const auto sink = [&](int64_t index, image::Image picture) {
    EXPECT_TRUE(by_index.emplace(index, std::move(picture)).second) << index;
  };
  draw(network, pictures, settings, sink, progress);
  EXPECT_EQ(by_index.size(), pictures.size());
  int64_t steps = 0;
  for (const PictureRequest& picture : pictures) steps += picture.settings->sampler.steps;
  EXPECT_EQ(progress.done, steps);
  EXPECT_EQ(progress.total, steps);
  std::vector<image::Image> images;
  for (auto& [index, image] : by_index) images.push_back(std::move(image));
  return images;
}

}  // namespace pixnerd::sample
