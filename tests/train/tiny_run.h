// A whole run of a network small enough to train in milliseconds.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <utility>
#include <vector>

#include "image/codec.h"
#include "tests/core/temporary_folder.h"
#include "tests/models/tiny.h"
#include "train/run.h"

namespace pixnerd::train {

namespace fs = std::filesystem;

class Silent : public Progress {
 public:
  void update(int64_t done, int64_t total, std::string_view) override {
    done_ = done;
    total_ = total;
  }
  int64_t done_ = 0, total_ = 0;
};

// A folder with two classes of flat 8 x 8 pictures, removed in the end.
class TinyRun : public testing::Test {
 protected:
  TinyRun() {
    for (const auto& [name, grey] : {std::pair{"dark", 40}, {"light", 220}}) {
      fs::create_directories(folder_ / "data" / name);
      const image::Image picture{8, 8, std::vector<uint8_t>(8 * 8 * 3, static_cast<uint8_t>(grey))};
      for (const char* file : {"a.png", "b.png"}) image::write_png(folder_ / "data" / name / file, picture);
    }
    config_.model = models::tiny_config();
    config_.model.num_classes = 0;
    config_.data.path = (folder_ / "data").string();
    config_.data.image_size = 8;
    config_.sample.size = {8, 8};
    config_.train.steps = 3;
    config_.train.batch_size = 2;
    config_.train.checkpoint_every = 2;
    config_.train.precision = models::Precision::float32;
  }

  TemporaryFolder folder_;
  RunConfig config_;
  Silent progress_;
};

// A run that is asked to stop when it has asked `asks` times whether it should.
inline RunOptions stopping_after(int64_t asks) {
  RunOptions options;
  options.start = Start::resume_or_anew;
  options.stop = [asked = std::make_shared<int64_t>(0), asks] { return ++*asked > asks; };
  return options;
}

inline RunOptions resuming() {
  RunOptions options;
  options.start = Start::resume_or_anew;
  return options;
}

}  // namespace pixnerd::train
