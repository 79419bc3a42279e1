#include "cli/bench.h"

#include <ATen/Parallel.h>
#include <ATen/ops/full.h>
#include <ATen/ops/zeros_like.h>
#include <c10/core/InferenceMode.h>

#include <iostream>
#include <map>

#include "cli/bench_table.h"
#include "cli/checks.h"
#include "cli/compute_flags.h"
#include "cli/config_file.h"
#include "config/json.h"
#include "config/scalar.h"
#include "core/errors.h"
#include "core/memory.h"
#include "core/text.h"
#include "diffusion/noise.h"
#include "engine/engine.h"
#include "measure/candidates.h"
#include "models/cost.h"
#include "models/device.h"
#include "models/drawing_scope.h"
#include "models/reference.h"
#include "train/trainer.h"

namespace pixnerd::cli {
namespace {

struct BenchFlags {
  std::string model, mode = "forward";
  int64_t batch = 1, runs = 5;
  ComputeFlags compute;
  bool no_reference = false, json = false;
  TableFlags table;
  CLI::Option* table_option = nullptr;
};

// A network with random weights, the plain reference with the same ones, and noise that stands for pictures.
class Workload {
 public:
  Workload(const BenchFlags& flags, const at::Device& device)
      : flags_(flags), config_(read_run_config(flags.model, {})), device_(device) {
    if (config_.model.num_classes == 0) config_.model.num_classes = 1000;
    config_.train.precision = flags.compute.precision();
    const int64_t size = config_.data.image_size;
    noise_ = std::make_unique<diffusion::ImageNoise>(std::vector<uint64_t>(static_cast<size_t>(flags.batch), 7));
    x_ = noise_->draw(config_.model.in_channels, size, size).to(device);
    cost_ = models::cost_of(config_.model, size, size);
  }

  std::vector<measure::Candidate> inference() {
    const auto network = random_network();
    network->prepare_for_inference(device_, models::weight_type(flags_.compute.precision()));
    keep_freed_memory();  // from here on only what an evaluation frees, not the weights that were packed
    condition_ = models::blank_condition(config_.model, x_.size(0)).to(network->device());
    std::vector<measure::Candidate> candidates{evaluation("pixnerd", network)};
    if (flags_.no_reference) return candidates;
    const bool int8 = flags_.compute.precision() == models::Precision::int8;  // the reference runs in bfloat16
    candidates.push_back(evaluation(int8 ? "plain reference, bfloat16" : "plain reference",
                                    reference(*random_network(), models::Mode::infer)));
    if (int8) candidates.back().arithmetic = measure::Arithmetic::bfloat16;
    return candidates;
  }

  std::vector<measure::Candidate> training() {
    keep_freed_memory();
    const auto network = random_network();
    network->to(device_, at::kFloat);
    condition_ = models::blank_condition(config_.model, x_.size(0)).to(network->device());
    trainer_ = std::make_unique<train::Trainer>(network, config_.train, config_.flow, condition_.narrow(0, 0, 1));
    at::Generator generator = diffusion::seeded_generator(3);
    asked_ = trainer_->asked({x_, condition_, diffusion::draw(config_.flow, x_, generator)});
    const double operations = cost_.training() * static_cast<double>(flags_.batch);
    std::vector<measure::Candidate> candidates;
    measure::Candidate pass{"pixnerd, forward + backward", timed([this] { trainer_->forward_backward(asked_); }),
                            operations};
    measure::Candidate update{"pixnerd, AdamW and average"};
    update.run = timed([this] { trainer_->update(1e-4); });
    for (const auto& [name, parameter] : network->parameters()) {
      update.bytes += 9.0 * static_cast<double>(parameter.nbytes());
    }
    candidates = {pass, update};
    if (!flags_.no_reference) {
      const auto denoiser = reference(*network, models::Mode::train);
      const auto forget = [network] {
        for (auto [name, parameter] : network->parameters()) parameter.mutable_grad().reset();
      };
      candidates.push_back({"plain reference, forward + backward",
                            timed([this, denoiser] { reference_pass(*denoiser); }), operations,
                            measure::Arithmetic::float32, 0, forget});
    }
    for (measure::Candidate& candidate : candidates) candidate.arithmetic = arithmetic();
    return candidates;
  }

 private:
  std::shared_ptr<models::Network> random_network() const {
    auto network = models::make_network(config_.model);
    at::Generator generator = diffusion::seeded_generator(1);
    network->initialise(generator);
    return network;
  }

  std::shared_ptr<diffusion::Denoiser> reference(models::Network& network, models::Mode mode) const {
    network.to(device_, at::kFloat);
    std::map<std::string, at::Tensor> parameters;
    for (const auto& [name, parameter] : network.parameters()) parameters.emplace(name, parameter);
    return models::make_reference(config_.model, parameters, mode);
  }

  // With whatever the device is still at.
  std::function<void()> timed(std::function<void()> work) const {
    return [work = std::move(work), device = device_] {
      work();
      models::synchronize(device);
    };
  }

  measure::Arithmetic arithmetic() const {
    if (!device_.is_cpu()) return measure::Arithmetic::elsewhere;
    if (flags_.compute.precision() == models::Precision::int8) return measure::Arithmetic::int8;
    return flags_.compute.precision() == models::Precision::float32 ? measure::Arithmetic::float32
                                                                    : measure::Arithmetic::bfloat16;
  }

  measure::Candidate evaluation(const char* name, std::shared_ptr<diffusion::Denoiser> denoiser) {
    measure::Candidate candidate{name};
    candidate.arithmetic = arithmetic();
    const at::Tensor t = at::full({flags_.batch}, 0.5, x_.options());
    if (flags_.mode == "forward") {
      candidate.operations = cost_.forward() * static_cast<double>(flags_.batch);
      candidate.run = timed([=, this] {
        const models::PrecisionScope scope(flags_.compute.precision(), device_);
        const models::DrawingScope drawing(dynamic_cast<const models::Network*>(denoiser.get()));
        denoiser->velocity(x_, t, condition_);
      });
    } else {
      candidate.run = [=, this] {
        engine::EngineOptions options;
        options.channels = config_.model.in_channels;
        options.most_together = flags_.batch;
        options.device = device_;
        engine::Engine engine(*denoiser, flags_.compute.precision(), options);
        engine::draw_all(engine, pictures());
      };
    }
    return candidate;
  }

  std::vector<engine::Picture> pictures() const {
    const auto settings = std::make_shared<const sample::SampleConfig>(config_.sample);
    std::vector<engine::Picture> pictures;
    for (int64_t i = 0; i < flags_.batch; ++i) {
      engine::Picture& picture = pictures.emplace_back();
      picture.condition = picture.null_condition = condition_.narrow(0, i, 1);
      picture.settings = settings;
    }
    return pictures;
  }

  void reference_pass(diffusion::Denoiser& denoiser) {
    at::Tensor losses;
    {
      const models::PrecisionScope scope(flags_.compute.precision(), device_);
      losses = diffusion::sample_losses(denoiser, asked_.flow);
    }
    losses.mean().backward();
  }

  const BenchFlags& flags_;
  train::RunConfig config_;
  at::Device device_;
  models::Cost cost_;
  std::unique_ptr<diffusion::ImageNoise> noise_;
  at::Tensor x_, condition_;
  std::unique_ptr<train::Trainer> trainer_;
  train::MicroBatch asked_;
};

config::Value json_of(const measure::Row& row) {
  std::vector<std::pair<std::string, config::Value>> fields{
      {"name", config::scalar_value(row.name)},
      {"seconds_min", config::scalar_value(row.time.min())},
      {"seconds_median", config::scalar_value(row.time.median())},
      {"memory_bytes", config::scalar_value(static_cast<int64_t>(row.memory))}};
  if (row.rate > 0) fields.emplace_back("flops_per_second", config::scalar_value(row.rate));
  if (row.of_peak > 0) fields.emplace_back("of_peak", config::scalar_value(row.of_peak));
  if (row.bandwidth > 0) fields.emplace_back("bytes_per_second", config::scalar_value(row.bandwidth));
  return config::map_value(std::move(fields));
}

// The first row's figures stand at the top, too: they are what one asks for.
config::Value report(const BenchFlags& flags, const measure::Comparison& comparison, uint64_t peak_memory) {
  config::Value rows;
  rows.kind = config::Value::Kind::list;
  for (const measure::Row& row : comparison.rows) rows.items.push_back(json_of(row));
  const measure::Row& first = comparison.rows.front();
  std::vector<std::pair<std::string, config::Value>> fields{
      {"model", config::scalar_value(flags.model)},
      {"mode", config::scalar_value(flags.mode)},
      {"batch", config::scalar_value(flags.batch)},
      {"dtype", config::scalar_value(flags.compute.dtype)},
      {"threads", config::scalar_value(int64_t{at::get_num_threads()})},
      {"runs", config::scalar_value(flags.runs)},
      {"seconds_min", config::scalar_value(first.time.min())},
      {"seconds_median", config::scalar_value(first.time.median())},
      {"peak_bytes", config::scalar_value(static_cast<int64_t>(peak_memory))},
      {"peak_float32_flops_per_second", config::scalar_value(comparison.peak_float32)},
      {"peak_bfloat16_flops_per_second", config::scalar_value(comparison.peak_bfloat16)},
      {"rows", rows}};
  if (flags.mode == "train") {
    fields.emplace_back("optimizer_seconds", config::scalar_value(comparison.rows[1].time.median()));
  }
  return config::map_value(std::move(fields));
}

void run(const BenchFlags& flags) {
  TableFlags table = flags.table;
  std::erase(table.configs, "");  // --table alone
  const bool wants_table = flags.table_option->count() > 0 || !table.checkpoint.empty();
  if (wants_table && table.configs.empty() && table.checkpoint.empty()) {
    throw CLI::ValidationError("--table needs configurations, or --checkpoint");
  }
  if (wants_table != flags.model.empty()) throw CLI::ValidationError("either --model or --table is required");
  if (wants_table) return print_bench_table(table, flags.compute, flags.batch, flags.runs, flags.json);
  const at::Device device = set_up(flags.compute);
  reset_peak_resident();
  Workload work(flags, device);
  const bool training = flags.mode == "train";
  if (training && flags.compute.precision() == models::Precision::int8) {
    throw RequestError("int8 is for drawing; use --dtype bfloat16 or float32 with --mode train");
  }
  std::optional<c10::InferenceMode> inference;
  if (!training) inference.emplace();
  const std::vector<measure::Candidate> candidates = training ? work.training() : work.inference();
  candidates.front().run();  // before the reference
  const uint64_t peak_memory = peak_resident_bytes();
  const measure::Comparison comparison = measure::compare(candidates, flags.runs);
  if (flags.json) {
    std::cout << config::to_json(report(flags, comparison, peak_memory)) << std::endl;
    return;
  }
  const std::string question =
      concat(flags.model, ", ", flags.mode, ", batch ", flags.batch, ", ", flags.compute.dtype);
  std::cout << measure::header("pixnerd bench") << measure::text(question, comparison)
            << "peak memory of the process: " << human_bytes(peak_memory) << std::endl;
}

void define_table(CLI::App& command, BenchFlags& flags) {
  TableFlags& table = flags.table;
  flags.table_option =
      command
          .add_option("--table,--config", table.configs,
                      "instead: what sampling and training with these cost in time and memory, with a column for each")
          ->delimiter(',')
          ->expected(0, 1000)
          ->type_name("NAME,NAME,...");
  command.add_option("--checkpoint", table.checkpoint, "the same for the network in a file")->type_name("FILE");
  command.add_option("--steps", table.steps, "steps of sampling that the table is told from; the configuration's all")
      ->check(between(1, 100000))
      ->type_name("N");
  command.add_option("--micro-batch", table.micro_batch, "pictures of a training pass in the table")
      ->check(between(1, 65536))
      ->type_name("N")
      ->capture_default_str();
}

void define(CLI::App& command, BenchFlags& flags) {
  command.add_option("--model", flags.model, "a built-in configuration or the path of a YAML file")->type_name("NAME");
  define_table(command, flags);
  command
      .add_option("--mode", flags.mode,
                  "forward: one evaluation; train: forward, loss and backward, the optimiser apart; sample: one batch "
                  "by the configuration's sampler")
      ->check(one_of({"forward", "train", "sample"}))
      ->type_name("forward|train|sample")
      ->capture_default_str();
  command.add_option("--batch", flags.batch, "pictures in a batch")
      ->check(between(1, 65536))
      ->type_name("N")
      ->capture_default_str();
  command.add_option("--runs", flags.runs, "counted runs, after one that is not")
      ->check(between(1, 100000))
      ->type_name("N")
      ->capture_default_str();
  command.add_flag("--no-reference", flags.no_reference,
                   "leave out the plain reference, which takes as much memory and more time");
  command.add_flag("--json", flags.json, "print one JSON object and nothing else");
  add_compute_flags(command, flags.compute);
}

}  // namespace

void add_bench(CLI::App& program) {
  add_command<BenchFlags>(program, "bench", "time a configuration with random weights on this machine", define, run);
}

}  // namespace pixnerd::cli
