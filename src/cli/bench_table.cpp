#include "cli/bench_table.h"

#include <ATen/ops/zeros_like.h>
#include <c10/util/Exception.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <functional>
#include <iostream>
#include <new>
#include <utility>

#include "cli/config_file.h"
#include "config/json.h"
#include "config/scalar.h"
#include "core/errors.h"
#include "core/log.h"
#include "core/memory.h"
#include "core/text.h"
#include "core/timing.h"
#include "diffusion/noise.h"
#include "measure/child.h"
#include "models/device.h"
#include "sample/drawing.h"
#include "sample/model_file.h"
#include "train/trainer.h"

namespace pixnerd::cli {
namespace {

using Fields = std::vector<std::pair<std::string, config::Value>>;

// One column's network and settings.
struct Subject {
  std::string name;
  train::RunConfig config;
  std::string checkpoint;  // empty: random weights

  std::shared_ptr<models::Network> network() const {
    if (!checkpoint.empty()) return sample::load_model(checkpoint).network;
    auto fresh = models::make_network(config.model);
    at::Generator generator = diffusion::seeded_generator(1);
    fresh->initialise(generator);
    return fresh;
  }
};

config::Value bytes_value(uint64_t bytes) {
  return config::scalar_value(static_cast<int64_t>(bytes));
}

int64_t parameters_of(const models::Network& network) {
  int64_t count = 0;
  for (const auto& [name, parameter] : network.parameters()) count += parameter.numel();
  return count;
}

double seconds_of(const std::function<void()>& work) {
  return time_interleaved(std::vector<std::function<void()>>{work}, 1, 0)[0].median();
}

// In the child.
Fields sampling(const Subject& subject, const TableFlags& flags, const ComputeFlags& compute, int64_t batch) {
  const at::Device device = set_up(compute);
  const auto network = subject.network();
  const int64_t parameters = parameters_of(*network);
  sample::SampleConfig settings = subject.config.sample;
  const int64_t usual = settings.sampler.steps, steps = flags.steps.value_or(usual);
  sample::DrawSettings drawing;
  drawing.precision = compute.precision();
  drawing.batch = batch;
  const auto requests = [&](int64_t count) {
    settings.sampler.steps = count;
    sample::PictureRequest request;
    if (subject.config.model.takes_text()) {
      request.prompt = "";
    } else {
      request.label = 0;
    }
    request.settings = std::make_shared<const sample::SampleConfig>(settings);
    return std::vector<sample::PictureRequest>(static_cast<size_t>(batch), request);
  };
  drawing.states = [&](const std::string&) { return models::blank_condition(subject.config.model, 1); };
  sample::check(network->config(), requests(steps));
  network->prepare_for_inference(device, models::weight_type(drawing.precision));
  keep_freed_memory();
  release_freed_memory();
  const uint64_t before = resident_bytes();
  const bool is_reset = reset_peak_resident();

  NoProgress progress;
  const auto draw = [&](int64_t count) {
    sample::draw(
        *network, requests(count), drawing, [](int64_t, const image::Image&) {}, progress);
  };
  draw(std::min<int64_t>(2, steps));  // not counted
  const double seconds = seconds_of([&] { draw(steps); });
  const uint64_t peak = peak_resident_bytes();
  const double a_step = seconds / static_cast<double>(steps);
  Fields fields{
      {"parameters", config::scalar_value(parameters)},
      {"steps", config::scalar_value(usual)},
      {"steps_run", config::scalar_value(steps)},
      {"batch", config::scalar_value(batch)},
      {"seconds_per_step", config::scalar_value(a_step)},
      {"seconds_per_picture", config::scalar_value(a_step * static_cast<double>(usual) / static_cast<double>(batch))},
      {"memory_bytes", bytes_value(peak)}};
  if (is_reset) fields.emplace_back("memory_besides_weights_bytes", bytes_value(peak - std::min(peak, before)));
  return fields;
}

// In the child.
Fields training(const Subject& subject, const TableFlags& flags, const ComputeFlags& compute, int64_t runs) {
  const at::Device device = set_up(compute);
  keep_freed_memory();
  train::RunConfig config = subject.config;
  const bool int8 = compute.precision() == models::Precision::int8;  // for sampling alone
  config.train.precision = int8 ? models::Precision::bfloat16 : compute.precision();
  config.train.micro_batch_size.reset();
  Subject random = subject;
  random.checkpoint.clear();
  const auto network = random.network();
  network->to(device, at::kFloat);
  const at::Tensor condition = models::blank_condition(config.model, flags.micro_batch).to(device);
  train::Trainer trainer(network, config.train, config.flow, condition.narrow(0, 0, 1));
  const int64_t side = config.data.image_size;
  diffusion::ImageNoise noise(std::vector<uint64_t>(static_cast<size_t>(flags.micro_batch), 7));
  const at::Tensor x = noise.draw(config.model.in_channels, side, side).to(device);
  at::Generator generator = diffusion::seeded_generator(3);
  const auto draws = diffusion::draw(config.flow, x, generator);
  const train::MicroBatch asked = trainer.asked({x, condition, draws});

  release_freed_memory();
  reset_peak_resident();
  const auto timed = [&](const std::function<void()>& work) {
    return [&device, work] {
      work();
      models::synchronize(device);
    };
  };
  std::vector<std::function<void()>> parts = {timed([&] { trainer.forward_backward(asked); }),
                                              timed([&] { trainer.update(1e-4); })};
  const std::vector<Timing> times = time_interleaved(parts, runs);
  const double pass = times[0].median(), update = times[1].median();
  const double passes =
      std::ceil(static_cast<double>(config.train.batch_size) / static_cast<double>(flags.micro_batch));
  return {{"batch", config::scalar_value(config.train.batch_size)},
          {"micro_batch", config::scalar_value(flags.micro_batch)},
          {"seconds_per_pass", config::scalar_value(pass)},
          {"seconds_per_update", config::scalar_value(update)},
          {"seconds_per_step", config::scalar_value(passes * pass + update)},
          {"memory_bytes", bytes_value(peak_resident_bytes())}};
}

config::Value measured(const std::function<Fields()>& work) {
  return config::parse_json(measure::in_child([&] { return config::to_json(config::map_value(work())); }),
                            "the measurement");
}

std::vector<Subject> subjects_of(const TableFlags& flags) {
  std::vector<Subject> subjects;
  for (const std::string& name : flags.configs) {
    subjects.push_back({name, read_run_config(name, {}), ""});
    if (subjects.back().config.model.num_classes == 0) subjects.back().config.model.num_classes = 1000;
  }
  if (flags.checkpoint.empty()) return subjects;
  // In a child, as loading makes threads.
  const std::string yaml =
      measure::in_child([&] { return config::dump(sample::load_model(flags.checkpoint).description); });
  sample::ModelDescription description;
  config::read(config::parse(yaml, flags.checkpoint), description);
  train::RunConfig config;
  config.model = description.model;
  config.sample = description.sample;
  config.data.image_size = description.sample.size[0];
  config.train.batch_size = flags.micro_batch;  // what it was trained with is not known
  subjects.push_back({std::filesystem::path(flags.checkpoint).filename().string(), config, flags.checkpoint});
  return subjects;
}

// A number of a column's part, or 0.
double number_in(const config::Value& column, const char* part, const char* key) {
  const config::Value* const section = column.find(part);
  const config::Value* const value = section == nullptr ? nullptr : section->find(key);
  double number = 0;
  if (value != nullptr) config::read_scalar(*value, key, config::Constraint{}, number);
  return number;
}

std::string seconds_text(double seconds) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.3g s", seconds);
  return text;
}

// What the column of one configuration says, from top to bottom; the texts of kRows beside it.
std::vector<std::string> cells_of(const Subject& subject, const config::Value& column) {
  const auto whole = [&](const char* part, const char* key) {
    return static_cast<int64_t>(std::llround(number_in(column, part, key)));
  };
  const auto memory = [&](const char* part, const char* key) {
    const int64_t bytes = whole(part, key);
    return bytes == 0 ? std::string("unknown") : human_bytes(static_cast<uint64_t>(bytes));
  };
  const auto seconds = [&](const char* part, const char* key) { return seconds_text(number_in(column, part, key)); };
  const auto [width, height] = subject.config.sample.size;
  const int64_t steps = whole("sampling", "steps"), run = whole("sampling", "steps_run");
  return {
      subject.name,
      concat(std::llround(number_in(column, "sampling", "parameters") / 1e5) / 10.0, " M"),
      concat(width, "x", height),
      concat(steps, steps == run ? "" : concat(", from ", run), ", guidance ", subject.config.sample.sampler.guidance),
      seconds("sampling", "seconds_per_picture"),
      seconds("sampling", "seconds_per_step"),
      memory("sampling", "memory_bytes"),
      memory("sampling", "memory_besides_weights_bytes"),
      concat(whole("training", "batch"), " of ", subject.config.data.image_size, "x", subject.config.data.image_size),
      seconds("training", "seconds_per_step"),
      seconds("training", "seconds_per_pass"),
      seconds("training", "seconds_per_update"),
      memory("training", "memory_bytes")};
}

std::vector<std::string> rows_of(const TableFlags& flags, int64_t batch) {
  return {"",
          "parameters",
          concat("sampling, ", batch, " at a time"),
          "  steps",
          "  a picture",
          "  a step",
          "  memory of the process",
          "  of it besides the weights",
          "training, batch",
          "  a step",
          concat("  a pass over ", flags.micro_batch, " pictures"),
          "  the optimiser",
          "  memory of the process"};
}

void print_text(const std::vector<std::vector<std::string>>& columns) {
  for (size_t row = 0; row < columns.front().size(); ++row) {
    std::string line;
    for (const std::vector<std::string>& column : columns) {
      size_t width = 0;
      for (const std::string& cell : column) width = std::max(width, cell.size());
      line += column[row] + std::string(width + 3 - column[row].size(), ' ');
    }
    std::cout << line.substr(0, line.find_last_not_of(' ') + 1) << '\n';
  }
  std::cout << std::flush;
}

}  // namespace

void print_bench_table(const TableFlags& flags, const ComputeFlags& compute, int64_t batch, int64_t runs, bool json) {
  config::Value all;
  all.kind = config::Value::Kind::list;
  std::vector<std::vector<std::string>> columns = {rows_of(flags, batch)};
  for (const Subject& subject : subjects_of(flags)) {
    log_info(concat("measuring ", subject.name));
    const config::Value column =
        config::map_value({{"name", config::scalar_value(subject.name)},
                           {"dtype", config::scalar_value(compute.dtype)},
                           {"sampling", measured([&] { return sampling(subject, flags, compute, batch); })},
                           {"training", measured([&] { return training(subject, flags, compute, runs); })}});
    columns.push_back(cells_of(subject, column));
    all.items.push_back(column);
  }
  if (json) {
    std::cout << config::to_json(all) << std::endl;
    return;
  }
  std::cout << compute.dtype << '\n';
  print_text(columns);
}

}  // namespace pixnerd::cli
