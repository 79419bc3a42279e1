#include "train/run_state.h"

#include <gtest/gtest.h>

#include "core/errors.h"
#include "tests/core/thrown.h"

namespace pixnerd::train {
namespace {

constexpr const char* kWindowKey = "pixnerd.since_log_line";

checkpoint::Metadata with_window(const std::string& beside) {
  checkpoint::Metadata metadata = metadata_of({}, {}, 3);
  metadata[kWindowKey] = "1 0.5 2 3.25 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0" + beside;
  return metadata;
}

TEST(RunState, WhatIsNotLoggedYetGoesOn) {
  RunState state;
  state.since_log_line.flow.add(0.05, 0.5);
  for (const double value : {0.0, 0.75}) {
    for (const SideLoss loss : kSideLosses) {
      state.since_log_line.beside[loss] = value * (2.0 + static_cast<double>(loss));
    }
    const RunState read = read_state(metadata_of({}, state, 3), "x");
    EXPECT_EQ(read.since_log_line.flow.sum, state.since_log_line.flow.sum);
    EXPECT_EQ(read.since_log_line.flow.count, state.since_log_line.flow.count);
    for (const SideLoss loss : kSideLosses) {
      EXPECT_EQ(read.since_log_line.beside[loss], state.since_log_line.beside[loss]) << name_of(loss);
    }
  }
}

// A checkpoint from before there was a loss has the sums of those that there were.
TEST(RunState, FewerLossesAreTheFirst) {
  EXPECT_EQ(read_state(with_window(""), "x").since_log_line.flow.count[1], 2);
  const LossWindow two = read_state(with_window(" 0.5 -1.25"), "x").since_log_line;
  EXPECT_EQ(two.beside[SideLoss::repa], 0.5);
  EXPECT_EQ(two.beside[SideLoss::dispersive], -1.25);
  EXPECT_EQ(two.beside[SideLoss::frequency], 0);
  EXPECT_EQ(two.beside[SideLoss::perceptual], 0);
}

TEST(RunState, WhatIsNoNumberIsRefused) {
  for (const char* beside : {" 0.5 nonsense", " x", " 0.5 1 2,3"}) {
    const std::string message = thrown<CheckpointError>([&] { read_state(with_window(beside), "x"); });
    EXPECT_NE(message.find(kWindowKey), std::string::npos) << beside;
  }
}

}  // namespace
}  // namespace pixnerd::train
