#include "image/codec.h"
#include "tests/cli/text_program.h"

namespace pixnerd::cli {
namespace {

class ScheduleTest : public TextProgram {
 protected:
  Outcome schedule(const Arguments& more, const std::string& checkpoint = "classes") const {
    Arguments all{"schedule", "--checkpoint", file(checkpoint + ".safetensors"), "--threads", "1"};
    all.insert(all.end(), more.begin(), more.end());
    return program_(all);
  }
  // Writes scheduled.safetensors, of this test's own: 2 of 4 steps.
  diffusion::SamplerConfig stored(const Arguments& more = {}) const {
    Arguments all{"--encodings", "2", "--out", path("scheduled.safetensors")};
    all.insert(all.end(), more.begin(), more.end());
    const Outcome outcome = schedule(all);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return sample::load_model(path("scheduled.safetensors")).description.sample.sampler;
  }
  Outcome draw(const std::string& checkpoint, const std::string& out, const Arguments& more = {}) const {
    Arguments all{"sample", "--checkpoint", checkpoint, "--classes",  "0,1", "--threads",
                  "1",      "--out",        path(out),  "--overwrite"};
    all.insert(all.end(), more.begin(), more.end());
    const Outcome outcome = program_(all);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return outcome;
  }
  std::string scheduled() const { return path("scheduled.safetensors"); }
  bool same(const std::string& a, const std::string& b) const {
    return image::read_image(path(a)).rgb == image::read_image(path(b)).rgb;
  }
};

TEST_F(ScheduleTest, PrintsTheStepsBesideUniformOnes) {
  const Outcome outcome = schedule({"--encodings", "2"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_TRUE(outcome.says("2 of 4 steps")) << outcome.out;
  EXPECT_TRUE(outcome.says("over 3 pictures")) << outcome.out;  // every class once
  EXPECT_TRUE(outcome.says("\nchosen ")) << outcome.out;
  EXPECT_TRUE(outcome.says("  0,2\n")) << outcome.out;  // the uniform one
  EXPECT_EQ(outcome.out, schedule({"--encodings", "2", "--classes", "0,1,2"}).out);
}

TEST_F(ScheduleTest, AllStepsAreAlike) {
  const Outcome outcome = schedule({"--encodings", "3", "--steps", "3", "--classes", "1"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_TRUE(outcome.says("1.00000    1.00000  0,1,2\n")) << outcome.out;
  EXPECT_TRUE(outcome.says("over 1 picture\n")) << outcome.out;
}

TEST_F(ScheduleTest, StoresWhatItWasMeasuredFor) {
  const diffusion::SamplerConfig sampler = stored({"--steps", "5", "--solver", "adams", "--guidance", "2"});
  EXPECT_EQ(sampler.encode_steps.size(), 2U);
  EXPECT_EQ(sampler.encode_steps.front(), 0);
  EXPECT_EQ(sampler.steps, 5);
  EXPECT_EQ(sampler.solver, diffusion::SolverKind::adams);
  EXPECT_EQ(sampler.guidance, 2.0);
  EXPECT_EQ(sampler.reuse, 1);
}

TEST_F(ScheduleTest, TheStoredStepsAreUsed) {
  const diffusion::SamplerConfig sampler = stored();
  std::string steps;
  for (const int64_t step : sampler.encode_steps) steps += concat(steps.empty() ? "" : ",", step);
  draw(scheduled(), "stored.png");
  draw(file("classes.safetensors"), "asked.png", {"--encode-steps", steps});
  draw(file("classes.safetensors"), "plain.png");
  EXPECT_TRUE(same("stored.png", "asked.png"));
  EXPECT_FALSE(same("stored.png", "plain.png"));
  draw(scheduled(), "all.png", {"--reuse", "1"});
  EXPECT_TRUE(same("all.png", "plain.png"));
}

TEST_F(ScheduleTest, StoredStepsAreLeftOutWithOtherTimes) {
  stored();
  const std::vector<Arguments> others = {
      {"--steps", "2"}, {"--steps", "6"}, {"--solver", "heun"}, {"--timeshift", "2"}, {"--last-step", "0.1"}};
  for (const Arguments& each : others) {
    const Outcome outcome = draw(scheduled(), "other.png", each);
    EXPECT_TRUE(outcome.complains("encode_steps")) << outcome.err;
    draw(file("classes.safetensors"), "plain.png", each);
    EXPECT_TRUE(same("other.png", "plain.png")) << each[0];
  }
}

TEST_F(ScheduleTest, StoredStepsStayWithTheSameTimes) {
  stored();
  draw(scheduled(), "stored.png");
  for (const Arguments& each : {Arguments{"--steps", "4"}, Arguments{"--solver", "euler"}}) {
    const Outcome outcome = draw(scheduled(), "same.png", each);
    EXPECT_FALSE(outcome.complains("encode_steps")) << outcome.err;
    EXPECT_TRUE(same("same.png", "stored.png")) << each[0];
  }
  const Outcome guided = draw(scheduled(), "guided.png", {"--guidance", "3"});
  EXPECT_FALSE(guided.complains("encode_steps")) << guided.err;
}

TEST_F(ScheduleTest, FlagsThatSpeakOfReuseNeedNoRemark) {
  stored();
  for (const Arguments& each : {Arguments{"--steps", "6", "--reuse", "2"},
                                Arguments{"--steps", "6", "--encode-steps", "0,5"}, Arguments{"--preset", "exact"}}) {
    const Outcome outcome = draw(scheduled(), "other.png", each);
    EXPECT_FALSE(outcome.complains("encode_steps")) << outcome.err;
  }
}

TEST_F(ScheduleTest, APictureIsDrawnAgainWithItsSteps) {
  stored();
  draw(scheduled(), "stored.png");
  const Outcome again = program_({"sample", "--again", path("stored.png"), "--out", path("again.png")});
  EXPECT_EQ(again.code, 0) << again.err;
  EXPECT_TRUE(same("again.png", "stored.png"));
  const Outcome other =
      program_({"sample", "--again", path("stored.png"), "--steps", "2", "--out", path("again.png"), "--overwrite"});
  EXPECT_EQ(other.code, 0) << other.err;
  EXPECT_TRUE(other.complains("encode_steps")) << other.err;
}

TEST_F(ScheduleTest, MeasuresItselfAnew) {
  const diffusion::SamplerConfig first = stored();
  const auto again = [&](const std::string& out) {
    return program_({"schedule", "--checkpoint", scheduled(), "--encodings", "2", "--threads", "1", "--out", path(out),
                     "--overwrite"});
  };
  const std::string before = checkpoint::read_whole(scheduled());
  expect_error(again("scheduled.safetensors"), 1, "would replace what is read");
  EXPECT_EQ(checkpoint::read_whole(scheduled()), before);
  const Outcome outcome = again("anew.safetensors");
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(sample::load_model(path("anew.safetensors")).description.sample.sampler.encode_steps, first.encode_steps);
}

TEST_F(ScheduleTest, OfPrompts) {
  const Outcome outcome = schedule({"--encodings", "2", "--text-encoder", file("qwen3"), "--prompt", "ab", "--prompt",
                                    "cd", "--count", "2", "--out", path("text.safetensors")},
                                   "t2i");
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_TRUE(outcome.says("over 4 pictures")) << outcome.out;
  EXPECT_EQ(sample::load_model(path("text.safetensors")).description.sample.sampler.encode_steps.size(), 2U);
}

TEST_F(ScheduleTest, WrongUsageIsTwo) {
  expect_error(schedule({}), 2, "--encodings");
  expect_error(schedule({"--encodings", "0"}), 2, "--encodings");
  expect_error(schedule({"--encodings", "2", "--reuse", "2"}), 2, "--encodings");
  expect_error(schedule({"--encodings", "2", "--encode-steps", "0"}), 2, "--encodings");
  expect_error(schedule({"--encodings", "2", "--out", path("a.ckpt")}), 2, ".safetensors");
  expect_error(schedule({"--encodings", "2", "--prompt", "ab"}, "t2i"), 2, "--text-encoder");
  expect_error(schedule({"--encodings", "2"}, "t2i"), 2, "--prompt");
}

TEST_F(ScheduleTest, FailuresAreOneAndWriteNothing) {
  const std::string out = path("a.safetensors");
  expect_error(schedule({"--encodings", "5", "--out", out}), 1, "5 of 4 steps");
  expect_error(schedule({"--encodings", "2", "--classes", "9", "--out", out}), 1, "no class 9");
  expect_error(schedule({"--encodings", "2", "--decode-size", "16x24", "--out", out}), 1, "--decode-size none");
  EXPECT_FALSE(std::filesystem::exists(out));
  checkpoint::write_whole(out, "kept");
  expect_error(schedule({"--encodings", "2", "--out", out}), 1, "--overwrite");
  EXPECT_EQ(checkpoint::read_whole(out), "kept");
}

}  // namespace
}  // namespace pixnerd::cli
