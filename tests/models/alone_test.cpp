// What a network computes for one picture is the same to the bit in any company: whatever other pictures are in the
// batch, at whatever place, on any number of threads, in every precision. Measured against each picture alone on one
// thread.
#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include <cmath>
#include <ostream>
#include <random>

#include "diffusion/noise.h"
#include "models/cost.h"
#include "models/network.h"
#include "models/precision.h"
#include "nn/packed_weight.h"
#include "tests/models/tiny.h"

namespace pixnerd::models {
namespace {

struct Sizes {
  TokenGrid grid;
  int64_t height, width;  // of the pictures; a decoder's patch need not be the transformer's
  int64_t pictures = 5, batch = 7;
};

struct Case {
  std::string name;
  ModelConfig config;
  std::vector<Sizes> sizes;
};

void PrintTo(const Case& each, std::ostream* out) {
  *out << each.name;
}

struct Picture {
  at::Tensor x, t, condition;  // each of a batch of one
};

// Of a picture, by the name that a failure is told under.
struct Computed {
  at::Tensor s, field_weights, velocity, velocity_by_kept_weights;
};

class Threads {
 public:
  explicit Threads(int count) : before_(at::get_num_threads()) { at::set_num_threads(count); }
  ~Threads() { at::set_num_threads(before_); }
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;

 private:
  int before_;
};

std::vector<Picture> drawn_pictures(const ModelConfig& config, const Sizes& sizes, at::Generator& generator) {
  std::vector<Picture> pictures;
  for (int64_t i = 0; i < sizes.pictures; ++i) {
    Picture picture;
    picture.x = at::randn({1, config.in_channels, sizes.height, sizes.width}, generator);
    picture.t = at::randn({1}, generator).sigmoid();
    if (config.takes_text()) {
      picture.condition = at::randn({1, config.txt_max_length, config.txt_embed_dim}, generator);
    } else {
      const at::Tensor label = at::randint(config.num_classes + 1, {1}, generator, at::kLong);
      picture.condition = config.num_styles > 0 ? at::stack({label, label.remainder(config.num_styles)}, 1) : label;
    }
    pictures.push_back(picture);
  }
  return pictures;
}

Computed compute(Network& network, const TokenGrid& grid, const Picture& of, Precision precision) {
  const at::NoGradGuard no_grad;
  const PrecisionScope scope(precision, at::kCPU);
  Computed made;
  made.s = network.encode_on(grid, of.x, of.t, of.condition);
  made.field_weights = network.field_weights(made.s);
  made.velocity = network.decode_on(grid, of.x, of.t, made.s);
  made.velocity_by_kept_weights = network.decode_on(grid, of.x, of.t, made.s, made.field_weights);
  return made;
}

// The share of picture i in what was computed for a batch.
Computed share_of(const Computed& batch, int64_t i, int64_t tokens) {
  return {batch.s.narrow(0, i, 1), batch.field_weights.narrow(1, i * tokens, tokens), batch.velocity.narrow(0, i, 1),
          batch.velocity_by_kept_weights.narrow(0, i, 1)};
}

// The name of the first tensor that differs, and in how many values; empty where none does.
std::string first_difference(const Computed& found, const Computed& alone) {
  const auto in_bytes = [](const at::Tensor& x) {
    return x.contiguous().view(x.scalar_type() == at::kFloat ? at::kInt : at::kShort);
  };
  for (const auto& [name, member] : {std::pair{"s", &Computed::s}, std::pair{"field_weights", &Computed::field_weights},
                                     std::pair{"velocity", &Computed::velocity},
                                     std::pair{"velocity by kept weights", &Computed::velocity_by_kept_weights}}) {
    const at::Tensor &a = found.*member, &b = alone.*member;
    if (a.sizes() != b.sizes() || a.scalar_type() != b.scalar_type()) return std::string(name) + " of another form";
    const auto differing = in_bytes(a).ne(in_bytes(b)).sum().item<int64_t>();
    if (differing > 0) {
      return std::string(name) + " in " + std::to_string(differing) + " of " + std::to_string(a.numel()) + " values";
    }
  }
  return {};
}

Picture together(const std::vector<Picture>& pictures, const std::vector<size_t>& chosen) {
  std::vector<at::Tensor> x, t, condition;
  for (const size_t i : chosen) {
    x.push_back(pictures[i].x);
    t.push_back(pictures[i].t);
    condition.push_back(pictures[i].condition);
  }
  return {at::cat(x), at::cat(t), at::cat(condition)};
}

// Random batches of the pictures, on 1 to 3 threads.
void expect_pictures_as_alone(Network& network, const Sizes& sizes, Precision precision, std::mt19937& random) {
  at::Generator generator = diffusion::seeded_generator(random());
  const std::vector<Picture> pictures = drawn_pictures(network.config(), sizes, generator);
  std::vector<Computed> alone;
  {
    const Threads one(1);
    for (const Picture& picture : pictures) alone.push_back(compute(network, sizes.grid, picture, precision));
  }
  const int64_t tokens = sizes.grid.rows * sizes.grid.columns;
  for (int threads = 1; threads <= 3; ++threads) {
    const Threads some(threads);
    const auto fewer = static_cast<int64_t>(random()) % (sizes.batch - sizes.batch / 2);
    for (const int64_t batch : {int64_t{1}, sizes.batch - fewer}) {
      std::vector<size_t> chosen(batch);
      for (size_t& each : chosen) each = random() % pictures.size();
      const Computed made = compute(network, sizes.grid, together(pictures, chosen), precision);
      for (int64_t i = 0; i < batch; ++i) {
        const std::string difference = first_difference(share_of(made, i, tokens), alone[chosen[i]]);
        EXPECT_EQ(difference, "") << "picture " << i << " of " << batch << " on " << threads << " threads, "
                                  << sizes.grid.rows << " x " << sizes.grid.columns << " tokens, " << sizes.height
                                  << " x " << sizes.width << " pixels, " << name_of(precision);
        if (!difference.empty()) return;
      }
    }
  }
}

ModelConfig classes(int64_t width, int64_t heads, int64_t patch, int64_t field_width) {
  ModelConfig config = tiny_config();
  config.hidden_size = width;
  config.num_heads = heads;
  config.patch_size = patch;
  config.field_width = field_width;
  config.num_cond_blocks = 2;
  config.num_blocks = 4;
  return config;
}

ModelConfig with_styles_and_image(ModelConfig config) {
  config.num_styles = 2;
  config.prediction = Prediction::image;
  return config;
}

ModelConfig one_block_of_each(ModelConfig config) {
  config.num_cond_blocks = 1;
  config.num_blocks = 2;
  return config;
}

std::vector<Case> cases() {
  const std::vector<Sizes> few = {{{1, 1}, 5, 5}, {{3, 5}, 15, 25}, {{7, 5}, 14, 20}};
  return {
      {"Tiny", tiny_config(), {{{1, 1}, 4, 4}, {{3, 5}, 12, 20}, {{8, 8}, 64, 32}, {{28, 28}, 112, 112, 2, 11}}},
      {"OddSizes", with_styles_and_image(classes(20, 1, 5, 7)), few},
      {"ThreeHeads", classes(36, 3, 5, 5), few},
      {"Emoji64", with_styles_and_image(classes(192, 6, 8, 32)), {{{8, 8}, 64, 64}, {{3, 5}, 24, 40}}},
      // The field's parts end within a picture, and the last one is a single token.
      {"Parts", one_block_of_each(classes(32, 2, 8, 64)), {{{1, 410}, 8, 410 * 8, 2, 2}}},
      {"LargeSizes", one_block_of_each(classes(1024, 16, 16, 64)), {{{3, 5}, 48, 80, 2, 4}}},
      {"Text", tiny_text_config(ModelType::t2i), {{{1, 1}, 4, 4}, {{3, 5}, 12, 20}, {{8, 8}, 32, 32}}},
      {"HeavyDecoder", tiny_text_config(ModelType::t2i_heavy), {{{3, 5}, 18, 40}, {{2, 2}, 32, 24}}},
  };
}

enum class Weights { prepared, live };  // packed for inference, or as a run in training draws with them

class Alone : public testing::TestWithParam<std::tuple<Case, Precision, Weights>> {};

TEST_P(Alone, IsAsInAnyBatchOnAnyNumberOfThreads) {
  const auto& [given, precision, weights] = GetParam();
  const bool prepared = weights == Weights::prepared;
  // Whether the products are oneDNN's: the framework's other ones keep no such promise (network.h).
  if (!nn::has_packed_products(weight_type(precision))) GTEST_SKIP() << "no packed products in " << name_of(precision);
  const auto network = random_network(given.config, 31);
  // Wide layers at the spread of trained ones, so that sums are neither 0 nor infinite.
  for (const auto& [name, parameter] : network->parameters()) {
    const at::NoGradGuard no_grad;
    if (parameter.dim() == 2) at::Tensor(parameter).mul_(5 / std::sqrt(static_cast<double>(parameter.size(1))));
  }
  if (prepared) network->prepare_for_inference(at::kCPU, weight_type(precision));
  if (!prepared) network->set_requires_grad(true);
  std::mt19937 random(7);
  for (const Sizes& sizes : given.sizes) expect_pictures_as_alone(*network, sizes, precision, random);
}

std::string name_of_case(const testing::TestParamInfo<Alone::ParamType>& info) {
  const auto& [given, precision, weights] = info.param;
  return given.name + "_" + name_of(precision) + (weights == Weights::live ? "_live" : "");
}

INSTANTIATE_TEST_SUITE_P(Prepared, Alone,
                         testing::Combine(testing::ValuesIn(cases()),
                                          testing::Values(Precision::float32, Precision::bfloat16, Precision::int8),
                                          testing::Values(Weights::prepared)),
                         name_of_case);
INSTANTIATE_TEST_SUITE_P(Live, Alone,
                         testing::Combine(testing::Values(cases()[1], cases()[3], cases()[6]),
                                          testing::Values(Precision::float32, Precision::bfloat16),
                                          testing::Values(Weights::live)),
                         name_of_case);

}  // namespace
}  // namespace pixnerd::models
