// How fast are evaluation, sampling and training beside the plain reference network, and beside what the processor can
// do? All in one run, in turn, with equal weights. The reference is the network as eager code has it; it shares no code
// with the fast one.
#include <c10/core/InferenceMode.h>

#include <array>
#include <thread>

#include "bench/table.h"
#include "config/builtin.h"
#include "core/text.h"
#include "engine/engine.h"
#include "models/cost.h"
#include "models/network.h"
#include "models/precision.h"
#include "models/reference.h"
#include "nn/linear_product.h"
#include "nn/share.h"
#include "train/config.h"

namespace pixnerd::bench {
namespace {

using models::Precision;

train::RunConfig builtin_config(const char* name) {
  train::RunConfig config = train::read_run_config(config::parse(*config::builtin(name), name));
  if (config.model.num_classes == 0) config.model.num_classes = 1000;
  return config;
}

std::shared_ptr<models::Network> random_network(const models::ModelConfig& config) {
  auto network = models::make_network(config);
  at::Generator generator = diffusion::seeded_generator(1);
  network->initialise(generator);
  return network;
}

std::map<std::string, at::Tensor> by_name(const models::Network& network) {
  const auto parameters = network.parameters();
  return {parameters.begin(), parameters.end()};
}

Arithmetic arithmetic_of(Precision precision) {
  return precision == Precision::float32 ? Arithmetic::float32 : Arithmetic::bfloat16;
}

// A batch of noise that stands for pictures, at t = 1/2.
struct Batch {
  Batch(const train::RunConfig& config, const models::Network& network, int64_t size) {
    const int64_t side = config.data.image_size;
    x = diffusion::ImageNoise(std::vector<uint64_t>(static_cast<size_t>(size), 7)).draw(3, side, side);
    t = x.new_full({size}, 0.5);
    y = models::blank_condition(network.config(), size);
    cost = models::cost_of(config.model, side, side);
  }

  at::Tensor x, t, y;
  models::Cost cost;
};

void bench_forward(const char* question, const char* name, int64_t size) {
  const c10::InferenceMode inference;
  const train::RunConfig config = builtin_config(name);
  // One after the other, so that no more than two sets of weights are in memory.
  for (const Precision precision : {Precision::float32, Precision::bfloat16}) {
    const auto plain = random_network(config.model), network = random_network(config.model);
    const auto reference = models::make_reference(config.model, by_name(*plain), models::Mode::infer);
    network->prepare_for_inference(at::kCPU, models::weight_type(precision));
    const Batch batch(config, *network, size);
    const auto run = [&](diffusion::Denoiser& denoiser) {
      const models::PrecisionScope scope(precision, at::kCPU);
      denoiser.velocity(batch.x, batch.t, batch.y);
    };
    const double operations = batch.cost.forward() * static_cast<double>(size);
    const bool is_float = precision == Precision::float32;
    print(concat(question, is_float ? ", float32" : ", bfloat16"),
          std::array{Candidate{"plain reference", [&] { run(*reference); }, operations, arithmetic_of(precision)},
                     Candidate{"pixnerd", [&] { run(*network); }, operations, arithmetic_of(precision)}},
          7);
  }
}

void bench_sampling(const char* question, const char* name, int64_t size) {
  const train::RunConfig config = builtin_config(name);
  const auto plain = random_network(config.model), network = random_network(config.model);
  const auto reference = models::make_reference(config.model, by_name(*plain), models::Mode::infer);
  network->prepare_for_inference(at::kCPU, at::kFloat);
  const Batch batch(config, *network, size);
  const auto run = [&](diffusion::Denoiser& denoiser) {
    engine::EngineOptions options;
    options.most_together = size;
    engine::Engine engine(denoiser, Precision::float32, options);
    std::vector<engine::Picture> pictures(static_cast<size_t>(size));
    for (size_t i = 0; i < pictures.size(); ++i) {
      pictures[i].condition = pictures[i].null_condition = batch.y.narrow(0, static_cast<int64_t>(i), 1);
      pictures[i].settings = std::make_shared<const engine::SampleConfig>(config.sample);
    }
    engine::draw_all(engine, std::move(pictures));
  };
  print(
      question,
      std::array{Candidate{"plain reference", [&] { run(*reference); }}, Candidate{"pixnerd", [&] { run(*network); }}},
      5);
}

void forward_backward(diffusion::Denoiser& denoiser, const Batch& batch, Precision precision) {
  at::Tensor loss;
  {
    const models::PrecisionScope scope(precision, at::kCPU);
    loss = denoiser.velocity(batch.x, batch.t, batch.y).to(at::kFloat).square().mean();
  }
  loss.backward();
}

// Forward, loss and backward. The gradients are part of the memory.
void bench_training(const char* question, const char* name, int64_t size, Precision precision, int64_t runs) {
  const train::RunConfig config = builtin_config(name);
  const auto network = random_network(config.model);
  network->set_requires_grad(true);
  network->set_mode(models::Mode::train);  // in which alone parts are recomputed
  const auto reference = models::make_reference(config.model, by_name(*network), models::Mode::train);
  const Batch batch(config, *network, size);
  const auto run = [&](diffusion::Denoiser& denoiser, const models::RecomputedParts& parts) {
    network->set_recomputed(parts);
    forward_backward(denoiser, batch, precision);
  };
  const std::function<void()> forget = [&] {
    for (auto [parameter_name, parameter] : network->parameters()) parameter.mutable_grad().reset();
  };
  const double operations = batch.cost.training() * static_cast<double>(size);
  const auto candidate = [&](const char* label, diffusion::Denoiser& denoiser, models::RecomputedParts parts) {
    return Candidate{label, [&run, &denoiser, parts] { run(denoiser, parts); }, operations, arithmetic_of(precision), 0,
                     forget};
  };
  print(question,
        std::array{candidate("plain reference", *reference, {}), candidate("pixnerd", *network, {}),
                   candidate("pixnerd, blocks recomputed", *network, {true, false}),
                   candidate("pixnerd, blocks and field recomputed", *network, {true, true})},
        runs);
}

// The same where gradients of an earlier micro batch are there.
void bench_further_micro_batch(const char* question, const char* name, int64_t size, Precision precision,
                               int64_t runs) {
  const train::RunConfig config = builtin_config(name);
  const auto network = random_network(config.model);
  network->set_requires_grad(true);
  network->set_mode(models::Mode::train);
  const Batch batch(config, *network, size);
  forward_backward(*network, batch, precision);
  const auto candidate = [&](const char* label, bool in_place) {
    const auto run = [&, in_place] {
      const nn::GradientsInPlace scope(in_place);
      forward_backward(*network, batch, precision);
    };
    return Candidate{label, run, batch.cost.training() * static_cast<double>(size), arithmetic_of(precision)};
  };
  print(question,
        std::array{candidate("gradients made, then added", false), candidate("gradients added in place", true)}, runs);
}

// The same network's steps by OpenMP's threads and by the team's, as a run of its own and beside a thread that is busy
// all the time.
void bench_threads(const char* question, const char* name, int64_t size, Precision precision, int64_t runs,
                   bool is_disturbed) {
  const train::RunConfig config = builtin_config(name);
  const auto network = random_network(config.model);
  network->set_requires_grad(true);
  network->set_mode(models::Mode::train);
  const Batch batch(config, *network, size);
  std::jthread busy;
  if (is_disturbed) {
    busy = std::jthread([](const std::stop_token& stop) {
      while (!stop.stop_requested()) {
      }
    });
  }
  const auto candidate = [&](const char* label, bool by_team) {
    const auto run = [&, by_team] {
      const nn::TeamScope team(by_team);
      forward_backward(*network, batch, precision);
    };
    return Candidate{label, run, batch.cost.training() * static_cast<double>(size), arithmetic_of(precision)};
  };
  print(question, std::array{candidate("OpenMP's threads", false), candidate("the team's", true)}, runs);
}

}  // namespace
}  // namespace pixnerd::bench

int main(int count, char** words) {
  using namespace pixnerd::bench;
  begin("whole networks", count, words);
  const auto ask = [](const char* question, const auto& bench) {
    if (is_asked(question)) bench(question);
  };
  ask("forward, L/16 at 256 x 256, batch 1",
      [](const char* question) { bench_forward(question, "imagenet256_L16", 1); });
  ask("sampling, emoji64, 8 pictures, 25 steps", [](const char* question) { bench_sampling(question, "emoji64", 8); });
  ask("forward + backward, emoji64, batch 16, float32",
      [](const char* question) { bench_training(question, "emoji64", 16, Precision::float32, 7); });
  ask("forward + backward, L/16 at 256 x 256, batch 4, bfloat16",
      [](const char* question) { bench_training(question, "imagenet256_L16", 4, Precision::bfloat16, 3); });
  ask("a further micro batch of 1, L/16 at 256 x 256, bfloat16",
      [](const char* question) { bench_further_micro_batch(question, "imagenet256_L16", 1, Precision::bfloat16, 5); });
  ask("threads in training, emoji64, batch 16, bfloat16",
      [](const char* question) { bench_threads(question, "emoji64", 16, Precision::bfloat16, 9, false); });
  ask("threads in training, the same beside a busy thread",
      [](const char* question) { bench_threads(question, "emoji64", 16, Precision::bfloat16, 9, true); });
  ask("threads in training, L/16 at 256 x 256, batch 4, bfloat16",
      [](const char* question) { bench_threads(question, "imagenet256_L16", 4, Precision::bfloat16, 3, false); });
  ask("threads in training, the same of L/16 beside a busy thread",
      [](const char* question) { bench_threads(question, "imagenet256_L16", 4, Precision::bfloat16, 3, true); });
  return 0;
}
