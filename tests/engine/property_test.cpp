// A picture is a function of its settings and its seed: whatever is drawn beside it, it has the bytes that it has when
// a fresh engine draws it alone. Shown with random mixes of pictures on small networks.
#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <random>
#include <string>

#include "config/json.h"
#include "config/member.h"
#include "core/errors.h"
#include "core/text.h"
#include "engine/engine.h"
#include "nn/packed_weight.h"
#include "tests/models/tiny.h"

namespace pixnerd::engine {
namespace {

using models::Precision;

// What a picture has become. Watched, its previews are looked at; it can fail by what its observer throws.
class Result : public Observer {
 public:
  explicit Result(bool is_watched, int64_t throws_at = -1) : is_watched_(is_watched), throws_at_(throws_at) {}

  void evaluated(PictureId, const Evaluated& each) override {
    if (is_watched_) previews += each.estimate().sum().item<double>();
  }
  void stepped(PictureId, const Stepped& step) override {
    if (step.step == throws_at_) throw DataError("nobody can take this picture");
  }
  void done(PictureId, const at::Tensor& x) override { picture = x; }
  void failed(PictureId, std::exception_ptr) override { has_failed = true; }
  void cancelled(PictureId) override { was_cancelled = true; }

  at::Tensor picture;
  double previews = 0;
  bool has_failed = false, was_cancelled = false;

 private:
  bool is_watched_;
  int64_t throws_at_;
};

class Mix {
 public:
  Mix(const models::ModelConfig& network, uint32_t seed)
      : network_(network), random_(seed), generator_(diffusion::seeded_generator(seed)) {}

  bool perhaps(int one_in) { return below(one_in) == 0; }
  int64_t below(int64_t limit) { return static_cast<int64_t>(random_() % static_cast<uint64_t>(limit)); }

  // Made again from the same recipe for every engine, which takes it away.
  struct Recipe {
    at::Tensor condition, null_condition;
    uint64_t seed = 0, submitter = 0;
    std::shared_ptr<const SampleConfig> settings;
    std::optional<Edit> edit;

    Picture picture() const {
      Picture made;
      made.condition = condition;
      made.null_condition = null_condition;
      made.seed = seed;
      made.submitter = submitter;
      made.settings = settings;
      made.edit = edit;
      return made;
    }
  };

  Recipe recipe() {
    Recipe drawn;
    SampleConfig settings;
    settings.size = {4 * (1 + below(3)), 4 * (1 + below(3))};
    settings.sampler = sampler();
    if (perhaps(3)) {
      const int64_t patch = 1 + below(5);
      settings.decode_size = {settings.size[0] / 4 * patch, settings.size[1] / 4 * patch};
      settings.decode_time = uniform(0, 1);
    } else if (perhaps(3)) {
      drawn.edit = edit(settings);
    }
    drawn.settings = std::make_shared<const SampleConfig>(settings);
    drawn.seed = random_();
    drawn.submitter = static_cast<uint64_t>(below(3));
    set_condition(drawn);
    return drawn;
  }

 private:
  double uniform(double from, double to) { return std::uniform_real_distribution(from, to)(random_); }

  template <class E>
  E any_of(E first) {
    const auto names = enum_names(first);
    return names[static_cast<size_t>(below(std::ssize(names)))].second;
  }

  diffusion::SamplerConfig sampler() {
    diffusion::SamplerConfig sampler;
    sampler.solver = any_of(sampler.solver);
    sampler.steps = 1 + below(4);
    sampler.order = 1 + below(4);
    if (sampler.solver != diffusion::SolverKind::adams && sampler.solver != diffusion::SolverKind::dpm) {
      sampler.stochastic = any_of(sampler.stochastic);
      sampler.last_step_stochastic = any_of(sampler.last_step_stochastic);
    }
    sampler.noise_scale = any_of(sampler.noise_scale);
    if (perhaps(3)) sampler.last_step = uniform(.05, .5);
    if (!perhaps(3)) sampler.guidance = uniform(0, 4);
    if (perhaps(2)) sampler.guidance_interval = {uniform(-.1, .4), uniform(.5, 1)};
    sampler.timeshift = uniform(.5, 3);
    if (perhaps(3)) {
      sampler.reuse = 1 + below(3);
    } else if (perhaps(2)) {
      for (int64_t step = 0; step < sampler.steps; ++step) {
        if (perhaps(2)) sampler.encode_steps.push_back(step);
      }
    }
    return sampler;
  }

  Edit edit(const SampleConfig& settings) {
    const auto [width, height] = settings.size;
    Edit edit;
    edit.image = at::randn({1, 3, height, width}, generator_).clamp(-1, 1);
    if (!perhaps(3)) edit.mask = at::rand({1, 1, height, width}, generator_).mul(2).clamp(0, 1);
    edit.strength = perhaps(2) ? 1 : uniform(.05, 1);
    return edit;
  }

  void set_condition(Recipe& drawn) {
    if (network_.takes_text()) {
      drawn.condition = at::randn({1, network_.txt_max_length, network_.txt_embed_dim}, generator_);
      drawn.null_condition = at::randn({1, network_.txt_max_length, network_.txt_embed_dim}, generator_);
      return;
    }
    drawn.condition =
        at::tensor({below(network_.num_classes + 1), below(network_.num_styles + 1)}, at::kLong).view({1, 2});
    drawn.null_condition = models::null_labels(network_, 1);
  }

  models::ModelConfig network_;
  std::mt19937 random_;
  at::Generator generator_;
};

bool same_bytes(const at::Tensor& a, const at::Tensor& b) {
  return a.sizes() == b.sizes() && a.contiguous().view(at::kInt).equal(b.contiguous().view(at::kInt));
}

// A few, or as many as PIXNERD_MIXES says.
uint32_t mixes() {
  const char* const number = std::getenv("PIXNERD_MIXES");
  return number == nullptr ? 3 : static_cast<uint32_t>(std::stoul(number));
}

std::string described(const Mix::Recipe& recipe) {
  return concat(config::to_json(config::member_value(*recipe.settings)), recipe.edit ? ", edited" : "");
}

struct Case {
  std::string name;
  models::ModelConfig network;
};

models::ModelConfig with_styles() {
  models::ModelConfig config = models::tiny_config();
  config.num_styles = 2;
  return config;
}

std::vector<Case> cases() {
  return {{"Classes", with_styles()}, {"Text", models::tiny_text_config(models::ModelType::t2i)}};
}

class Property : public testing::TestWithParam<std::tuple<Case, Precision>> {
 protected:
  void SetUp() override {
    const auto& [given, precision] = GetParam();
    precision_ = precision;
    if (!nn::has_packed_products(models::weight_type(precision)))
      GTEST_SKIP() << "no packed products in this arithmetic";
    network_ = random_network(given.network, 5);
    network_->prepare_for_inference(at::kCPU, models::weight_type(precision));
  }
  void TearDown() override { at::set_num_threads(threads_before_); }

  at::Tensor alone(const Mix::Recipe& recipe) {
    Engine engine(*network_, precision_, {.most_together = 1});
    std::vector<Picture> pictures;
    pictures.push_back(recipe.picture());
    return draw_all(engine, std::move(pictures)).front();
  }

  // Some pictures are wanted; others beside them are cancelled, or fail.
  void draw_mixed(Mix& mix) {
    struct Wanted {
      Mix::Recipe recipe;
      std::shared_ptr<Result> result;
    };
    std::vector<Wanted> wanted;
    std::vector<PictureId> to_cancel;
    std::vector<std::shared_ptr<Result>> others;
    at::set_num_threads(1 + static_cast<int>(mix.below(2)));
    const int64_t most = mix.below(9);  // 0: what is measured to be best
    Engine engine(*network_, precision_, {.most_together = most});
    const auto advance = [&](int64_t times) {
      while (times-- > 0 && engine.advance()) {
      }
    };
    for (int64_t left = 3 + mix.below(4); left > 0; --left) {
      const Mix::Recipe recipe = mix.recipe();
      const auto result = std::make_shared<Result>(mix.perhaps(2));
      engine.submit(recipe.picture(), result);
      wanted.push_back({recipe, result});
      if (mix.perhaps(2)) {
        others.push_back(std::make_shared<Result>(false));
        to_cancel.push_back(engine.submit(mix.recipe().picture(), others.back()));
      }
      if (mix.perhaps(4)) engine.submit(mix.recipe().picture(), std::make_shared<Result>(false, 1));
      if (mix.perhaps(2)) advance(mix.below(6));
      if (!to_cancel.empty() && mix.perhaps(2)) cancel(engine, to_cancel);
    }
    advance(mix.below(3));
    while (!to_cancel.empty()) cancel(engine, to_cancel);
    advance(100'000);
    for (const Wanted& each : wanted) {
      ASSERT_TRUE(each.result->picture.defined()) << described(each.recipe);
      EXPECT_TRUE(same_bytes(each.result->picture, alone(each.recipe)))
          << described(each.recipe) << ", at most " << most << " together on " << at::get_num_threads() << " threads";
    }
    for (const auto& other : others) {
      EXPECT_NE(other->picture.defined(), other->was_cancelled);
      cancelled_ += other->was_cancelled ? 1 : 0;
    }
  }

  static void cancel(Engine& engine, std::vector<PictureId>& ids) {
    try {
      engine.cancel(ids.back());
    } catch (const RequestError&) {
      // It was done before.
    }
    ids.pop_back();
  }

  Precision precision_ = Precision::float32;
  std::shared_ptr<models::Network> network_;
  int threads_before_ = at::get_num_threads();
  int64_t cancelled_ = 0;
};

TEST_P(Property, APictureHasTheBytesThatItHasAlone) {
  for (uint32_t seed = 0; seed < mixes() && !HasFailure(); ++seed) {
    SCOPED_TRACE(concat("mix ", seed));
    Mix mix(network_->config(), seed);
    draw_mixed(mix);
  }
  EXPECT_GT(cancelled_, 0);
}

std::string name_of_case(const testing::TestParamInfo<Property::ParamType>& info) {
  return std::get<0>(info.param).name + "_" + name_of(std::get<1>(info.param));
}

INSTANTIATE_TEST_SUITE_P(Mixes, Property,
                         testing::Combine(testing::ValuesIn(cases()),
                                          testing::Values(Precision::float32, Precision::bfloat16, Precision::int8)),
                         name_of_case);

}  // namespace
}  // namespace pixnerd::engine
