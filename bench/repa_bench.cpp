// What REPA costs in a training step of L/16, and what it costs with DINOv2's tokens read back instead of computed.
#include <ATen/TensorOperators.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>

#include <array>
#include <map>
#include <memory>
#include <string>

#include "bench/table.h"
#include "checkpoint/tensors.h"
#include "diffusion/noise.h"
#include "models/cost.h"
#include "models/dinov2.h"
#include "train/trainer.h"

namespace pixnerd::bench {
namespace {

constexpr int64_t kBatch = 4, kSide = 256, kRuns = 3;

at::Tensor random(at::IntArrayRef shape) {
  at::Generator generator = diffusion::seeded_generator(1);
  return at::randn(shape, generator) * 0.02;
}

// ViT-B/14 at random.
std::shared_ptr<const models::DinoV2> teacher() {
  constexpr int64_t kWidth = 768, kHidden = 3072, kDepth = 12, kPatch = 14, kGrid = 37;
  std::map<std::string, at::Tensor> tensors{{"cls_token", random({1, 1, kWidth})},
                                            {"pos_embed", random({1, 1 + kGrid * kGrid, kWidth})},
                                            {"mask_token", random({1, kWidth})},
                                            {"patch_embed.proj.weight", random({kWidth, 3, kPatch, kPatch})},
                                            {"patch_embed.proj.bias", random({kWidth})}};
  const auto add = [&](const std::string& name, int64_t out, int64_t in) {
    tensors[name + ".weight"] = in > 0 ? random({out, in}) : random({out}) + 1;
    tensors[name + ".bias"] = random({out});
  };
  for (int64_t i = 0; i < kDepth; ++i) {
    const std::string block = "blocks." + std::to_string(i) + ".";
    add(block + "norm1", kWidth, 0);
    add(block + "attn.qkv", 3 * kWidth, kWidth);
    add(block + "attn.proj", kWidth, kWidth);
    add(block + "norm2", kWidth, 0);
    add(block + "mlp.fc1", kHidden, kWidth);
    add(block + "mlp.fc2", kWidth, kHidden);
    for (const char* name : {"ls1.gamma", "ls2.gamma"}) tensors[block + name] = random({kWidth}) + 1;
  }
  add("norm", kWidth, 0);
  models::DinoV2Options options;
  options.type = at::kBFloat16;
  return std::make_shared<const models::DinoV2>(models::FrozenWeights{tensors, "random weights"}, options);
}

void bench() {
  models::ModelConfig config;  // L/16
  config.num_classes = 1000;
  const auto network = models::make_network(config);
  at::Generator generator = diffusion::seeded_generator(1);
  network->initialise(generator);
  network->set_requires_grad(true);
  network->set_mode(models::Mode::train);

  train::RepaConfig repa;
  repa.weight = 0.5;
  const auto dinov2 = teacher();
  train::Projector projector(config.hidden_size, config.hidden_size, dinov2->width());
  projector.initialise(generator);
  const train::Objective plain, aligned({.repa = repa}, projector, {.teacher = dinov2});

  const at::Tensor images = random({kBatch, 3, kSide, kSide}), labels = at::zeros({kBatch}, at::kLong);
  const auto sample = diffusion::flow_sample({}, images, labels, models::null_labels(config, 1),
                                             diffusion::draw({}, images, generator));
  const at::Tensor features = train::teacher_features(*dinov2, images);
  const auto pass = [&](const train::Objective& objective, const at::Tensor& known) {
    at::Tensor loss;
    {
      const models::PrecisionScope precision(models::Precision::bfloat16, at::kCPU);
      loss = objective.total(objective(*network, {sample, images, known})).mean();
    }
    loss.backward();
    for (auto [name, parameter] : network->parameters()) parameter.mutable_grad().reset();
  };
  const double operations = models::cost_of(config, kSide, kSide).training() * kBatch;
  print("forward + backward of L/16 in bfloat16, batch 4",
        std::array{
            Candidate{"REPA, DINOv2 in every step", [&] { pass(aligned, {}); }, operations, Arithmetic::bfloat16},
            Candidate{"REPA, features read back", [&] { pass(aligned, features); }, operations, Arithmetic::bfloat16},
            Candidate{"flow matching alone", [&] { pass(plain, {}); }, operations, Arithmetic::bfloat16}},
        kRuns);
}

}  // namespace
}  // namespace pixnerd::bench

int main() {
  pixnerd::bench::begin("REPA");
  pixnerd::bench::bench();
  return 0;
}
