#include "cli/bench.h"

#include <ATen/ops/full.h>
#include <ATen/ops/zeros_like.h>
#include <c10/core/InferenceMode.h>

#include <array>
#include <iostream>

#include "cli/compute_flags.h"
#include "cli/config_file.h"
#include "config/json.h"
#include "config/scalar.h"
#include "core/memory.h"
#include "core/text.h"
#include "core/timing.h"
#include "diffusion/integrate.h"
#include "train/trainer.h"

namespace pixnerd::cli {
namespace {

struct BenchFlags {
  std::string model, mode = "forward";
  int64_t batch = 1, runs = 5;
  ComputeFlags compute;
  bool json = false;
};

struct Measurement {
  Timing time;
  std::optional<Timing> optimiser;  // of --mode train
};

// A network with random weights and a batch of noise that stands for pictures.
struct Workload {
  Workload(const BenchFlags& flags, const at::Device& device) : config(read_run_config(flags.model, {})) {
    if (config.model.num_classes == 0) config.model.num_classes = 1000;
    config.train.precision = flags.compute.precision();
    network = models::make_network(config.model);
    at::Generator generator = diffusion::seeded_generator(1);
    network->initialise(generator);
    const int64_t size = config.data.image_size;
    noise = std::make_unique<diffusion::ImageNoise>(std::vector<uint64_t>(static_cast<size_t>(flags.batch), 7));
    x = noise->draw(config.model.in_channels, size, size).to(device);
  }

  // For inference, matrices are kept in the type they are used in; for training in float32.
  void place(const at::Device& device, at::ScalarType dtype, bool training) {
    if (training) {
      network->to(device, dtype);
    } else {
      network->prepare_for_inference(device, dtype);
    }
    null_labels = network->null_condition(x.size(0));
    labels = at::zeros_like(null_labels);
  }

  train::RunConfig config;
  std::shared_ptr<models::Network> network;
  std::unique_ptr<diffusion::ImageNoise> noise;
  at::Tensor x, labels, null_labels;
};

Measurement time_inference(Workload& work, const BenchFlags& flags, const at::Device& device) {
  const c10::InferenceMode inference;
  work.place(device, models::weight_type(flags.compute.precision()), /*training=*/false);
  const models::PrecisionScope precision(flags.compute.precision(), device);
  const at::Tensor t = at::full({flags.batch}, 0.5, work.x.options());
  const std::function<void()> forward = [&] { work.network->velocity(work.x, t, work.labels); };
  const std::function<void()> sample = [&] {
    diffusion::integrate(*work.network, work.labels, work.null_labels, work.config.sample.sampler, work.x, *work.noise);
  };
  const std::array candidates{flags.mode == "sample" ? sample : forward};
  return {time_interleaved(candidates, flags.runs)[0], std::nullopt};
}

Measurement time_training(Workload& work, const BenchFlags& flags, const at::Device& device) {
  work.place(device, at::kFloat, /*training=*/true);
  train::Trainer trainer(work.network, work.config.train, work.config.flow);
  at::Generator generator = diffusion::seeded_generator(3);
  const data::Batch batch{work.x, work.labels};
  const diffusion::Draws draws = diffusion::draw(work.config.flow, work.x, generator);
  const std::array<std::function<void()>, 2> candidates{
      [&] { trainer.forward_backward(trainer.flow_sample(batch, draws)); }, [&] { trainer.update(1e-4); }};
  const auto timings = time_interleaved(candidates, flags.runs);
  return {timings[0], timings[1]};
}

config::Value report(const BenchFlags& flags, const Measurement& measured, uint64_t peak) {
  config::Value json;
  json.kind = config::Value::Kind::map;
  json.fields = {{"model", config::scalar_value(flags.model)},
                 {"mode", config::scalar_value(flags.mode)},
                 {"batch", config::scalar_value(flags.batch)},
                 {"dtype", config::scalar_value(flags.compute.dtype)},
                 {"runs", config::scalar_value(flags.runs)},
                 {"seconds_min", config::scalar_value(measured.time.min())},
                 {"seconds_median", config::scalar_value(measured.time.median())}};
  if (measured.optimiser) {
    json.fields.emplace_back("optimizer_seconds", config::scalar_value(measured.optimiser->median()));
  }
  json.fields.emplace_back("peak_bytes", config::scalar_value(static_cast<int64_t>(peak)));
  return json;
}

void run(const BenchFlags& flags) {
  const at::Device device = set_up(flags.compute);
  reset_peak_resident();
  Workload work(flags, device);
  const Measurement measured =
      flags.mode == "train" ? time_training(work, flags, device) : time_inference(work, flags, device);
  const uint64_t peak = peak_resident_bytes();
  if (flags.json) {
    std::cout << config::to_json(report(flags, measured, peak)) << std::endl;
    return;
  }
  std::cout << flags.model << ", " << flags.mode << ", batch " << flags.batch << ", " << flags.compute.dtype << ": "
            << measured.time.min() << " s (min), " << measured.time.median() << " s (median of " << flags.runs << ")";
  if (measured.optimiser) std::cout << ", optimiser and EMA " << measured.optimiser->median() << " s";
  std::cout << ", peak memory " << human_bytes(peak) << std::endl;
}

void define(CLI::App& command, BenchFlags& flags) {
  command.add_option("--model", flags.model, "a built-in configuration or the path of a YAML file")
      ->required()
      ->type_name("NAME");
  command
      .add_option("--mode", flags.mode,
                  "forward: one evaluation; train: forward, loss and backward, the optimiser apart; sample: one batch "
                  "by the configuration's sampler")
      ->check(CLI::IsMember({"forward", "train", "sample"}))
      ->type_name("forward|train|sample")
      ->capture_default_str();
  command.add_option("--batch", flags.batch, "pictures in a batch")->check(CLI::Range(1, 65536))->capture_default_str();
  command.add_option("--runs", flags.runs, "counted runs, after one that is not")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str();
  command.add_flag("--json", flags.json, "print one JSON object and nothing else");
  add_compute_flags(command, flags.compute);
}

}  // namespace

void add_bench(CLI::App& program) {
  add_command<BenchFlags>(program, "bench", "time a configuration with random weights on this machine", define, run);
}

}  // namespace pixnerd::cli
