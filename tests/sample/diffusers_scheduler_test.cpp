#include "sample/diffusers_scheduler.h"

#include <gtest/gtest.h>

#include "core/log.h"
#include "sample/model_file.h"
#include "tests/checkpoint/files.h"
#include "tests/sample/tiny_model.h"

namespace pixnerd::sample {
namespace {

class DiffusersScheduler : public testing::Test {
 protected:
  DiffusersScheduler() {
    std::filesystem::create_directories(folder_ / "pipe/transformer");
    std::filesystem::create_directories(folder_ / "pipe/scheduler");
    const auto network = models::random_network(tiny_description().model, 1);
    checkpoint::save_safetensors(folder_ / "pipe/transformer/diffusion_pytorch_model.safetensors",
                                 prefixed("denoiser.", network->parameters()));
    set_log_sink([this](std::string_view line) { said_ += std::string(line) + "\n"; });
  }
  ~DiffusersScheduler() override { set_log_sink({}); }

  diffusion::SamplerConfig with(const std::string& json) {
    checkpoint::write_whole(folder_ / "pipe/scheduler/scheduler_config.json", json);
    said_.clear();
    return load_model(folder_ / "pipe").description.sample.sampler;
  }

  TemporaryFolder folder_;
  std::string said_;
};

TEST_F(DiffusersScheduler, OfPixNerdIsTaken) {
  const auto sampler = with(R"({"_class_name": "PixNerdFlowMatchScheduler", "_diffusers_version": "0.30.0",
      "num_train_timesteps": 1000, "num_inference_steps": 12, "guidance_scale": 2.5, "timeshift": 2.0, "order": 3,
      "guidance_interval_min": 0.1, "guidance_interval_max": 1.0, "last_step": null})");
  EXPECT_EQ(sampler.solver, diffusion::SolverKind::adams);
  EXPECT_EQ(sampler.order, 3);
  EXPECT_EQ(sampler.steps, 12);
  EXPECT_EQ(sampler.guidance, 2.5);
  EXPECT_EQ(sampler.timeshift, 2.0);
  EXPECT_EQ(sampler.guidance_interval, (std::array{0.1, 1.0}));
  checkpoint::expect_contains(said_, "Adams of order 3, 12 steps, guidance 2.5");
  // What is not stated is as in the scheduler's code.
  const auto usual = with(R"({"_class_name": "PixNerdFlowMatchScheduler"})");
  EXPECT_EQ(usual.steps, 25);
  EXPECT_EQ(usual.guidance, 4.0);
  EXPECT_EQ(usual.guidance_interval, std::nullopt);
}

TEST_F(DiffusersScheduler, WhatIsNotUsedIsSaid) {
  for (const char* json :
       {R"({"_class_name": "EulerDiscreteScheduler", "num_inference_steps": 7})", R"({"num_inference_steps": 7})",
        R"({"_class_name": "PixNerdFlowMatchScheduler", "num_inference_steps": 0})",
        R"({"_class_name": "PixNerdFlowMatchScheduler", "order": 9})",
        R"({"_class_name": "PixNerdFlowMatchScheduler", "timeshift": "x"})", "no JSON"}) {
    EXPECT_EQ(with(json).steps, 50) << json;
    checkpoint::expect_contains(said_, "scheduler_config.json' is not used: ");
  }
}

}  // namespace
}  // namespace pixnerd::sample
