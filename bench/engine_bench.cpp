// What does it cost that pictures advance one by one? The engine beside a loop over one fixed batch of the same rows,
// and beside pictures drawn one after another; its own work in an evaluation; and how long a new picture waits.
#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <array>
#include <cstdio>

#include "bench/table.h"
#include "config/builtin.h"
#include "core/timing.h"
#include "engine/engine.h"
#include "models/network.h"
#include "models/precision.h"
#include "train/config.h"

namespace pixnerd::bench {
namespace {

using models::Precision;

// A network, and the time that is spent in it.
class Clocked : public diffusion::Denoiser {
 public:
  explicit Clocked(models::Network& network) : network_(network) {}

  at::Tensor encode(const at::Tensor& x, const at::Tensor& t, const at::Tensor& condition) override {
    return clocked([&] { return network_.encode(x, t, condition); });
  }
  at::Tensor decode(const at::Tensor& x, const at::Tensor& t, const at::Tensor& s, const at::Tensor& weights) override {
    ++evaluations;
    return clocked([&] { return network_.decode(x, t, s, weights); });
  }

  double seconds = 0;
  int64_t evaluations = 0;

 private:
  template <class Work>
  at::Tensor clocked(const Work& work) {
    const double before = steady_seconds();
    at::Tensor result = work();
    seconds += steady_seconds() - before;
    return result;
  }

  models::Network& network_;
};

struct Subject {
  Subject(const char* name, Precision arithmetic) : precision(arithmetic) {
    config = train::read_run_config(config::parse(*config::builtin(name), name));
    if (config.model.num_classes == 0) config.model.num_classes = 1000;
    network = models::make_network(config.model);
    at::Generator generator = diffusion::seeded_generator(1);
    network->initialise(generator);
    network->prepare_for_inference(at::kCPU, models::weight_type(precision));
  }

  engine::Engine engine(diffusion::Denoiser& denoiser, int64_t together) const {
    engine::EngineOptions options;
    options.most_together = together;
    return {denoiser, precision, options};
  }

  // With a time shift of its own each is at another t in every evaluation, and solvers take turns.
  std::vector<engine::Picture> pictures(int64_t count, int64_t steps, bool are_mixed) const {
    std::vector<engine::Picture> all(static_cast<size_t>(count));
    for (size_t i = 0; i < all.size(); ++i) {
      engine::SampleConfig settings = config.sample;
      settings.sampler.solver = are_mixed && i % 2 == 1 ? diffusion::SolverKind::adams : diffusion::SolverKind::euler;
      settings.sampler.stochastic = settings.sampler.last_step_stochastic = diffusion::Stochastic::none;
      settings.sampler.steps = steps;
      settings.sampler.guidance = 3;
      settings.sampler.guidance_interval.reset();
      if (are_mixed) settings.sampler.timeshift = 1 + .2 * static_cast<double>(i);
      all[i].condition = models::blank_condition(config.model, 1);
      all[i].null_condition = models::null_labels(config.model, 1);
      all[i].seed = i;
      all[i].settings = std::make_shared<const engine::SampleConfig>(settings);
    }
    return all;
  }

  Precision precision;
  train::RunConfig config;
  std::shared_ptr<models::Network> network;
};

// The loop that a fixed batch needs and nothing else: Euler's method, guided, one t for all.
void fixed_batch(const Subject& subject, int64_t count, int64_t steps) {
  const c10::NoGradGuard no_grad;
  const models::PrecisionScope scope(subject.precision, at::kCPU);
  std::vector<uint64_t> seeds;
  for (int64_t i = 0; i < count; ++i) seeds.push_back(static_cast<uint64_t>(i));
  const auto [width, height] = subject.config.sample.size;
  at::Tensor x = diffusion::ImageNoise(seeds).draw(3, height, width);
  const at::Tensor y =
      at::cat({models::null_labels(subject.config.model, count), models::blank_condition(subject.config.model, count)});
  for (int64_t i = 0; i < steps; ++i) {
    const double t = static_cast<double>(i) / static_cast<double>(steps);
    const auto v = subject.network->velocity(at::cat({x, x}), at::full({2 * count}, t), y).chunk(2);
    x = x + (v[0] + 3 * (v[1] - v[0])) / static_cast<double>(steps);
  }
}

void bench_throughput(const std::string& question, const Subject& subject, int64_t steps, int64_t runs) {
  constexpr int64_t kPictures = 8;
  const auto draw = [&](int64_t together, bool are_mixed) {
    engine::Engine engine = subject.engine(*subject.network, together);
    engine::draw_all(engine, subject.pictures(kPictures, steps, are_mixed));
  };
  print(question,
        std::array{Candidate{"one after another", [&] { draw(1, true); }},
                   Candidate{"fixed batch", [&] { fixed_batch(subject, kPictures, steps); }},
                   Candidate{"engine, alike", [&] { draw(kPictures, false); }},
                   Candidate{"engine, mixed", [&] { draw(kPictures, true); }}},
        runs);
}

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + values.size() / 2, values.end());
  return values[values.size() / 2];
}

// The share of the time that is not the network's.
void bench_overhead(const char* question, const Subject& subject, int64_t steps, int64_t runs) {
  std::vector<double> shares, microseconds;
  for (int64_t run = 0; run < runs; ++run) {
    Clocked clocked(*subject.network);
    engine::Engine engine = subject.engine(clocked, 8);
    const double before = steady_seconds();
    engine::draw_all(engine, subject.pictures(8, steps, true));
    const double all = steady_seconds() - before, own = all - clocked.seconds;
    shares.push_back(100 * own / all);
    microseconds.push_back(1e6 * own / static_cast<double>(clocked.evaluations));
  }
  std::printf("\n%s\n  the engine's own part %.2f %%, %.0f microseconds an evaluation of 8 pictures\n", question,
              median(shares), median(microseconds));
}

// From submit() to a picture's first evaluation, while eight of another size are drawn, in their evaluations.
void bench_wait(const char* question, const Subject& subject) {
  struct Waiting : engine::Observer {
    void evaluated(engine::PictureId, const engine::Evaluated&) override { seen = seen == 0 ? steady_seconds() : seen; }
    double seen = 0;
  };
  engine::Engine engine = subject.engine(*subject.network, 8);
  const auto silent = std::make_shared<engine::Observer>();
  for (engine::Picture& picture : subject.pictures(8, 40, true)) engine.submit(std::move(picture), silent);
  std::vector<double> evaluation, wait;
  for (int i = 0; i < 10; ++i) {
    const double before = steady_seconds();
    engine.advance();
    evaluation.push_back(steady_seconds() - before);
    engine::Picture small = std::move(subject.pictures(1, 1, false).front());
    auto settings = *small.settings;
    settings.size = {settings.size[0] / 2, settings.size[1] / 2};
    small.settings = std::make_shared<const engine::SampleConfig>(settings);
    const auto waiting = std::make_shared<Waiting>();
    const double submitted = steady_seconds();
    engine.submit(std::move(small), waiting);
    while (waiting->seen == 0) engine.advance();
    wait.push_back(waiting->seen - submitted);
  }
  std::printf("\n%s\n  a new picture of half the size waits %.3f s, an evaluation of the others takes %.3f s\n",
              question, median(wait), median(evaluation));
}

}  // namespace
}  // namespace pixnerd::bench

int main() {
  using namespace pixnerd::bench;
  begin("# The engine");
  {
    const Subject emoji("emoji64", Precision::bfloat16);
    bench_throughput("Eight emoji, 10 steps, guided, bfloat16", emoji, 10, 7);
    bench_overhead("Eight emoji, bfloat16", emoji, 10, 7);
    bench_wait("Eight emoji, bfloat16", emoji);
  }
  {
    const Subject emoji("emoji64", Precision::float32);
    bench_throughput("Eight emoji, 10 steps, guided, float32", emoji, 10, 5);
  }
  const Subject large("imagenet256_L16", Precision::bfloat16);
  bench_throughput("Eight pictures of L/16, 1 step, guided, bfloat16", large, 1, 3);
}
