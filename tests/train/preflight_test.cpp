#include "train/preflight.h"

#include <gtest/gtest.h>

#include "core/errors.h"
#include "core/log.h"
#include "core/text.h"
#include "tests/core/temporary_folder.h"
#include "tests/core/thrown.h"
#include "tests/models/tiny.h"

namespace pixnerd::train {
namespace {

class Preflight : public testing::Test {
 protected:
  Preflight() {
    config_.model = models::tiny_config();
    config_.data.image_size = 8;
    config_.sample.size = {8, 8};
    set_log_sink([this](std::string_view line) { log_ += concat(line, "\n"); });
  }
  ~Preflight() override { set_log_sink({}); }

  void check() { check_settings(config_, {config_.model, config_.sample, classes_, {}}); }
  std::string refused() {
    return thrown<Error>([this] { check(); });
  }

  RunConfig config_;
  std::vector<std::string> classes_;
  std::string log_;
};

TEST_F(Preflight, NothingIsWrongAtFirst) {
  check();
  EXPECT_EQ(log_, "");
}

TEST_F(Preflight, CheckpointsCanBeReadBack) {
  config_.model.num_classes = 22'000;
  for (int i = 0; i < 22'000; ++i) classes_.push_back(concat("class ", i, " ", std::string(20, 'x')));
  check();
  for (std::string& name : classes_) name += std::string(40, 'x');
  EXPECT_NE(refused().find("checkpoints of 22000 classes"), std::string::npos);
  config_.model.num_classes = 2;
  classes_ = {"caf\xe9", "tea"};
  EXPECT_NE(refused().find("the class 'caf"), std::string::npos);
  classes_ = {"- :\n#'\"{", "null"};
  check();
}

TEST_F(Preflight, AGridIsAPictureThatCanBeWritten) {
  config_.train.sample_every = 1;
  config_.train.sample_pictures = 1024;
  check();
  config_.sample.size = {1024, 1024};
  EXPECT_NE(refused().find("train.sample_pictures 1024"), std::string::npos);
  config_.train.sample_every = 0;
  check();
}

TEST_F(Preflight, WhatIsOddIsSaid) {
  config_.train.validate_every = 5;
  check();
  EXPECT_NE(log_.find("data.held_out is 0"), std::string::npos) << log_;
  config_.train.sample_every = 5;
  config_.sample.size = {16, 8};
  check();
  EXPECT_NE(log_.find("sample.size is 16x8"), std::string::npos) << log_;
}

TEST_F(Preflight, AFolderTakesTwoCheckpoints) {
  const TemporaryFolder folder;
  const RunFolder run = RunFolder::open(folder / "run", Start::anew);
  check_folder(config_, run);
  config_.model.hidden_size = 1 << 20;
  config_.model.num_blocks = 10'000;
  EXPECT_NE(thrown<DataError>([&] { check_folder(config_, run); }).find("two checkpoints need "), std::string::npos);
}

}  // namespace
}  // namespace pixnerd::train
