// How fast are sampling and training beside the plain reference network? Both in one run, in turn, with equal weights.
#include <c10/core/InferenceMode.h>

#include <array>
#include <cstdio>

#include "config/builtin.h"
#include "core/memory.h"
#include "core/timing.h"
#include "diffusion/integrate.h"
#include "models/reference.h"
#include "train/config.h"
#include "train/trainer.h"

namespace pixnerd {
namespace {

constexpr int64_t kRuns = 5;

train::RunConfig builtin_config(const char* name) {
  train::RunConfig config;
  config::read(config::parse(*config::builtin(name), name), config);
  if (config.model.num_classes == 0) config.model.num_classes = 1000;
  return config;
}

// A network with random weights, prepared for inference or as training has it, and the reference with the same ones.
struct Pair {
  Pair(const models::C2IConfig& config, bool inference) : network(models::make_network(config)) {
    at::Generator generator = diffusion::seeded_generator(1);
    network->initialise(generator);
    std::map<std::string, at::Tensor> parameters;
    // Packing takes the network's parameters away, but not their other aliases.
    for (const auto& [name, tensor] : network->parameters()) {
      parameters.emplace(name, inference ? tensor.detach() : tensor);
    }
    reference = std::make_shared<models::ReferenceC2I>(config, parameters);
    if (inference) network->prepare_for_inference(at::kCPU, at::kFloat);
  }

  at::Tensor labels(int64_t batch) const { return network->null_condition(batch).zero_(); }

  std::shared_ptr<models::Network> network;
  std::shared_ptr<models::ReferenceC2I> reference;
};

void print_row(const char* question, std::array<std::function<void()>, 2> candidates) {
  const auto timings = time_interleaved(candidates, kRuns);
  std::printf("%-42s %9.3f %9.3f %11.3f %9.3f %7.2f\n", question, timings[0].min(), timings[0].median(),
              timings[1].min(), timings[1].median(), timings[1].median() / timings[0].median());
  std::fflush(stdout);
}

void bench_forward(const char* question, const char* name, int64_t batch) {
  const c10::InferenceMode inference;
  const train::RunConfig config = builtin_config(name);
  const Pair pair(config.model, /*inference=*/true);
  diffusion::ImageNoise noise(std::vector<uint64_t>(static_cast<size_t>(batch), 7));
  const at::Tensor x = noise.draw(config.model.in_channels, config.data.image_size, config.data.image_size);
  const at::Tensor t = x.new_full({batch}, 0.5), y = pair.labels(batch);
  print_row(question, {[&] { pair.network->velocity(x, t, y); }, [&] { pair.reference->velocity(x, t, y); }});
}

void bench_sampling(const char* question, const char* name, int64_t batch) {
  const c10::InferenceMode inference;
  const train::RunConfig config = builtin_config(name);
  const Pair pair(config.model, /*inference=*/true);
  const auto run = [&](diffusion::Denoiser& denoiser) {
    diffusion::ImageNoise noise(std::vector<uint64_t>(static_cast<size_t>(batch), 7));
    const at::Tensor x = noise.draw(config.model.in_channels, config.data.image_size, config.data.image_size);
    diffusion::integrate(denoiser, pair.labels(batch), pair.network->null_condition(batch), config.sample.sampler, x,
                         noise);
  };
  print_row(question, {[&] { run(*pair.network); }, [&] { run(*pair.reference); }});
}

void bench_training(const char* question, const char* name, int64_t batch) {
  const train::RunConfig config = builtin_config(name);
  Pair pair(config.model, /*inference=*/false);
  pair.network->set_requires_grad(true);
  const int64_t size = config.data.image_size;
  const at::Tensor x1 = diffusion::ImageNoise(std::vector<uint64_t>(static_cast<size_t>(batch), 7)).draw(3, size, size);
  at::Generator generator = diffusion::seeded_generator(3);
  const diffusion::Draws draws = diffusion::draw(config.flow, x1, generator);
  const auto run = [&](diffusion::Denoiser& denoiser) {
    diffusion::flow_matching_loss(denoiser, config.flow, x1, pair.labels(batch), pair.network->null_condition(batch),
                                  draws)
        .backward();
    for (auto [name_of, parameter] : pair.network->parameters()) parameter.mutable_grad().reset();
  };
  print_row(question, {[&] { run(*pair.network); }, [&] { run(*pair.reference); }});
}

}  // namespace
}  // namespace pixnerd

int main() {
  pixnerd::keep_freed_memory();
  std::printf("seconds, float32                              pixnerd             plain reference     speed-up\n");
  std::printf("%-42s %9s %9s %11s %9s %7s\n", "", "min", "median", "min", "median", "median");
  pixnerd::bench_forward("forward, L/16 at 256 x 256, batch 1", "imagenet256_L16", 1);
  pixnerd::bench_sampling("sampling, emoji64, 8 pictures, 25 steps", "emoji64", 8);
  pixnerd::bench_training("forward + backward, emoji64, batch 32", "emoji64", 32);
  return 0;
}
