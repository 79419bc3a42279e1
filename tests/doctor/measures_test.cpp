#include <ATen/TensorOperators.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <functional>
#include <limits>

#include "doctor/layers.h"
#include "doctor/picture_measures.h"
#include "doctor/probe.h"
#include "doctor/training_log.h"
#include "tests/core/temporary_folder.h"

namespace pixnerd::doctor {
namespace {

image::Image painted(int side, const std::function<int(int x, int y, int channel)>& level) {
  image::Image picture = image::blank(side, side);
  for (int y = 0; y < side; ++y) {
    for (int x = 0; x < 3 * side; ++x) picture.row(y)[x] = static_cast<uint8_t>(level(x / 3, y, x % 3));
  }
  return picture;
}

TEST(PictureMeasures, TellContrastColoursAndBorders) {
  const std::vector<image::Image> slope{painted(16, [](int x, int y, int) { return 8 * x + 4 * y; })};
  const PictureMeasures smooth = measure(slope, 4);
  EXPECT_NEAR(smooth.border, 1.0, 1e-9);
  EXPECT_NEAR(smooth.grid, 0.0, 1e-9);
  EXPECT_EQ(smooth.colour, 0.0);
  EXPECT_NEAR(smooth.contrast, std::sqrt((64.0 + 16.0) * 255 / 12), 1e-6);

  const std::vector<image::Image> blocks{painted(16, [](int x, int y, int c) { return (x / 4 + y / 4) % 2 * 60 + c; })};
  const PictureMeasures tiled = measure(blocks, 4);
  EXPECT_EQ(tiled.border, 3600.0 / 4.0);
  EXPECT_NEAR(tiled.grid, 3600.0 / 900.67, 1e-2);
  EXPECT_EQ(measure(blocks, 3).border < 2, true);
}

TEST(PictureMeasures, GreyIsAShareOfTheData) {
  const PictureMeasures data{60, 40, 1, 0};
  EXPECT_FALSE(check_grey({30, 20, 1, 0}, data));
  EXPECT_TRUE(check_grey({5, 20, 1, 0}, data));
  EXPECT_TRUE(check_grey({60, 3, 1, 0}, data));
  EXPECT_FALSE(check_grey({60, 0, 1, 0}, {60, 1, 1, 0}));  // so is the data
}

TEST(PictureMeasures, AGridIsAFaultWhileItGrows) {
  const PictureMeasures data{60, 0, 1.1, 0.01}, strong{60, 0, 10, 1.4}, weak{60, 0, 2, 0.2}, none{60, 0, 1.2, 0.02};
  EXPECT_TRUE(check_grid({{1, weak}, {2, strong}}, data));
  EXPECT_TRUE(check_grid({{1, strong}, {2, none}, {3, weak}}, data));
  EXPECT_FALSE(check_grid({{1, strong}, {2, weak}}, data));
  EXPECT_FALSE(check_grid({{1, weak}, {2, none}}, data));
  EXPECT_FALSE(check_grid({{1, strong}}, data));
  EXPECT_FALSE(check_grid({{1, {2, 0, 1, 0}}, {2, strong}}, data));  // there was nothing to see before
  EXPECT_FALSE(check_grid({}, data));
}

TEST(Layers, ThatHaveNoGradientOrNoScaleAreNamed) {
  std::map<std::string, at::Tensor> state{
      {"denoiser.a.weight", at::full({8, 16}, 0.25)},
      {"optimizer.exp_avg_sq.a.weight", at::full({8, 16}, 1e-6)},
      {"optimizer.step.a.weight", at::full({}, 10)},
      {"denoiser.norm.weight", at::ones({16})},
      {"denoiser.y_embedder.embedding_table.weight", at::full({8, 16}, 1.0)},
      {"optimizer.exp_avg_sq.y_embedder.embedding_table.weight", at::zeros({8, 16})}};
  EXPECT_TRUE(check_layers(state).empty());
  state["optimizer.exp_avg_sq.a.weight"].narrow(0, 0, 5).zero_();
  ASSERT_EQ(check_layers(state).size(), 1U);
  EXPECT_EQ(check_layers(state)[0].fault, Fault::dead_layer);
  EXPECT_NE(check_layers(state)[0].what.find("reaches 63 % of its rows"), std::string::npos);
  state["optimizer.step.a.weight"].zero_();  // it has no part in the loss at all
  EXPECT_TRUE(check_layers(state).empty());
  state["denoiser.norm.weight"][3] = std::nan("");
  ASSERT_EQ(check_layers(state).size(), 1U);
  EXPECT_EQ(check_layers(state)[0].fault, Fault::exploding_layer);
}

TEST(TrainingLog, IsReadAsFarAsItCanBe) {
  const TemporaryFolder folder;
  std::ofstream(folder / "log.jsonl") << R"({"step":10,"loss":0.5,"lr":0.001,"gradient_norm":"inf"})" << '\n'
                                      << "{\"step\":10,\"validation_loss\":1}\nrubbish\n{\"step\":\"x\"}\n"
                                      << R"({"step":20,"loss":0.25,"lr":0.0005,"gradient_norm":1})" << '\n'
                                      << R"({"step":30,"lo)";
  const auto log = read_log(folder / "log.jsonl");
  ASSERT_EQ(log.size(), 2U);
  EXPECT_FALSE(std::isfinite(log[0].gradient_norm));
  EXPECT_EQ(log[1].learning_rate, 0.0005);
  EXPECT_TRUE(read_log(folder / "none").empty());
}

std::vector<LoggedStep> logged(const std::function<LoggedStep(int64_t step)>& line) {
  std::vector<LoggedStep> log;
  for (int64_t step = 10; step <= 500; step += 10) log.push_back(line(step));
  return log;
}

TEST(TrainingLog, TellsOfALossOrGradientThatExplodes) {
  const auto falling = [](int64_t step) { return LoggedStep{step, 100.0 / static_cast<double>(step), 1e-3, 1.0}; };
  EXPECT_FALSE(check_growth(logged(falling)));
  const auto rising = [&](int64_t step) { return step < 400 ? falling(step) : LoggedStep{step, 3.0, 1e-3, 1.0}; };
  EXPECT_TRUE(check_growth(logged(rising)));
  const auto spike = [&](int64_t step) { return step == 490 ? LoggedStep{step, 99.0, 1e-3, 1e9} : falling(step); };
  EXPECT_FALSE(check_growth(logged(spike)));
  const auto steep = [&](int64_t step) {
    return step < 400 ? falling(step) : LoggedStep{step, 0.25, 1e-3, std::numeric_limits<double>::infinity()};
  };
  const auto found = check_growth(logged(steep));
  ASSERT_TRUE(found);
  EXPECT_NE(found->what.find("the gradient's norm explodes"), std::string::npos) << found->what;
}

TEST(Average, HoldsTheFirstWeightsForAsLongAsItsDecaySays) {
  train::TrainConfig config;
  config.steps = 1000;
  config.ema_decay = 0.999;
  EXPECT_NEAR(first_weights_share(config, 1000), std::pow(0.999, 1000), 1e-12);
  const at::Tensor trained = at::full({8}, 0.5, at::kDouble), worse = at::full({8}, 0.7, at::kDouble);
  EXPECT_TRUE(check_average(config, 1000, trained, worse));
  EXPECT_TRUE(check_average(config, 1000, {}, {}));
  EXPECT_FALSE(check_average(config, 1000, trained, trained));  // what it began with was good
  config.steps = 100'000;                                       // it will be forgotten
  EXPECT_FALSE(check_average(config, 1000, trained, worse));
  config.steps = 1000;
  config.ema_warmup = true;
  EXPECT_FALSE(check_average(config, 1000, trained, worse));
}

TEST(Condition, IsIgnoredWhereExchangingItChangesNothing) {
  const at::Tensor own = at::full({64}, 0.5, at::kDouble), noise = at::randn({64}, at::kDouble) * 1e-3;
  EXPECT_TRUE(check_condition({own, own, own}, false));
  EXPECT_TRUE(check_condition({own, own + noise, own + 0.01}, false));
  EXPECT_FALSE(check_condition({own, own * 1.05 + noise, own * 1.01}, false));
  const auto found = check_condition({own, own, own * 1.2}, true);
  ASSERT_TRUE(found);
  EXPECT_NE(found->what.find("captions"), std::string::npos);
}

}  // namespace
}  // namespace pixnerd::doctor
