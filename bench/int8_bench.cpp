// What does each group of linear layers cost in accuracy if it alone runs in 8 bits, and what does it win? The answer
// is the table of models/int8_layers.cpp. Errors are those of the velocity on noised pictures beside float32, as a part
// of its size, for several t; seconds are of one evaluation, measured in turn with bfloat16.
//
//   int8_bench [--pictures FOLDER] [--runs N] [CHECKPOINT | CONFIGURATION]...
//
// Without runs nothing is timed. Pictures are taken from data/emoji unless another folder is given.
#include <ATen/TensorOperators.h>
#include <ATen/ops/full.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>
#include <c10/core/InferenceMode.h>

#include <cmath>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <set>

#include "config/builtin.h"
#include "core/memory.h"
#include "core/text.h"
#include "core/timing.h"
#include "data/samples.h"
#include "diffusion/noise.h"
#include "models/int8_layers.h"
#include "models/network.h"
#include "models/precision.h"
#include "nn/quantised.h"
#include "sample/model_file.h"
#include "train/config.h"

namespace pixnerd::bench {
namespace {

using models::Precision;
using Tensors = std::map<std::string, at::Tensor>;

constexpr double kTimes[] = {0.1, 0.3, 0.5, 0.7, 0.9};
constexpr int64_t kPictures = 4;

struct Flags {
  std::string pictures = "data/emoji";
  int64_t runs = 0;
  std::vector<std::string> models;
};

// A network's configuration and weights, and noised pictures for it.
struct Subject {
  models::ModelConfig config;
  Tensors weights;
  std::vector<at::Tensor> x, t;  // one for each of kTimes
  at::Tensor condition;
};

// The last layer starts at zero: it is drawn, so that there is a velocity.
Tensors random_weights(const models::ModelConfig& config) {
  const auto network = models::make_network(config);
  at::Generator generator = diffusion::seeded_generator(1);
  network->initialise(generator);
  Tensors weights;
  for (auto [name, tensor] : network->parameters()) {
    if (name == "final_layer.linear.weight") tensor.normal_(0, 1 / std::sqrt(tensor.size(1)), generator);
    weights.emplace(name, tensor);
  }
  return weights;
}

Tensors weights_of(const models::Network& network) {
  Tensors weights;
  for (const auto& [name, tensor] : network.parameters()) weights.emplace(name, tensor.to(at::kFloat));
  return weights;
}

Subject subject_of(const std::string& name, const Flags& flags) {
  Subject subject;
  data::DataConfig data;
  if (std::filesystem::exists(name)) {
    const sample::ModelFile file = sample::load_model(name);
    subject.config = file.description.model;
    subject.weights = weights_of(*file.network);
    data.image_size = file.description.sample.size[0];
  } else {
    const train::RunConfig config = train::read_run_config(config::parse(*config::builtin(name), name));
    subject.config = config.model;
    if (!subject.config.takes_text() && subject.config.num_classes == 0) subject.config.num_classes = 1000;
    subject.weights = random_weights(subject.config);
    data.image_size = config.data.image_size;
  }
  data.path = flags.pictures;
  data.styles = true;
  const int64_t pictures = subject.config.hidden_size < 512 ? 4 * kPictures : kPictures, side = data.image_size;
  data::SampleSequence sequence(data::open_pictures(data), data, 1);
  const at::Tensor images = at::zeros({pictures, 3, side, side});
  for (int64_t i = 0; i < pictures; ++i) sequence.read(i, side, images[i].mutable_data_ptr<float>());
  at::Generator generator = diffusion::seeded_generator(2);
  for (const double t : kTimes) {
    const at::Tensor noise = at::randn(images.sizes(), generator, at::kFloat);
    subject.x.push_back(t * images + (1 - t) * noise);
    subject.t.push_back(at::full({pictures}, t));
  }
  subject.condition = models::blank_condition(subject.config, pictures);
  if (subject.config.takes_text()) subject.condition = at::randn(subject.condition.sizes(), generator, at::kFloat);
  return subject;
}

// A network in which the layers that are chosen run in 8 bits.
using Choice = std::function<bool(const models::LayerGroup&)>;
std::shared_ptr<models::Network> network_of(const Subject& subject, Precision precision, const Choice& choice = {}) {
  Tensors weights = subject.weights;
  for (const auto& [name, tensor] : subject.weights) {
    const models::LayerGroup* group = models::layer_group(name, tensor.sizes());
    if (group == nullptr || !choice || !choice(*group)) continue;
    const nn::QuantisedWeight quantised = nn::quantise_weight(tensor);
    weights[name] = quantised.values;
    weights[name + "_scale"] = quantised.scales;
  }
  auto network = models::make_network(subject.config);
  network->adopt(weights, "the weights");
  network->prepare_for_inference(at::kCPU, models::weight_type(precision));
  return network;
}

std::vector<at::Tensor> velocities(models::Network& network, const Subject& subject, Precision precision) {
  const models::PrecisionScope scope(precision, at::kCPU);
  std::vector<at::Tensor> all;
  for (size_t i = 0; i < std::size(kTimes); ++i) {
    all.push_back(network.velocity(subject.x[i], subject.t[i], subject.condition).to(at::kFloat));
  }
  return all;
}

void print_row(const std::string& name, const std::vector<at::Tensor>& found, const std::vector<at::Tensor>& exact,
               const std::vector<Timing>& timings) {
  std::printf("  %-22s", name.c_str());
  for (size_t i = 0; i < exact.size(); ++i) {
    const double error = (found[i] - exact[i]).norm().item<double>() / exact[i].norm().item<double>();
    std::printf(" %7.4f", error);
  }
  if (timings.size() > 1) {
    const double before = timings[0].median(), after = timings[1].median();
    std::printf("  %7.4f s of %7.4f (%+.1f %%)", after, before, 100 * (after / before - 1));
  }
  std::printf("\n");
  std::fflush(stdout);
}

void bench(const std::string& name, const Flags& flags) {
  const Subject subject = subject_of(name, flags);
  std::printf("%s\n  %-22s", name.c_str(), "error at t =");
  for (const double t : kTimes) std::printf(" %7.1f", t);
  std::printf("\n");
  const auto exact = velocities(*network_of(subject, Precision::float32), subject, Precision::float32);
  const auto half = network_of(subject, Precision::bfloat16);
  print_row("bfloat16", velocities(*half, subject, Precision::bfloat16), exact, {});
  std::set<std::string> present;
  for (const auto& [parameter, tensor] : subject.weights) {
    if (const auto* group = models::layer_group(parameter, tensor.sizes())) present.insert(group->name);
  }
  const auto row = [&](const std::string& label, const Choice& choice) {
    const auto network = network_of(subject, Precision::int8, choice);
    const auto evaluate = [&](models::Network& candidate) {
      return [&, precision = Precision::int8] {
        const models::PrecisionScope scope(precision, at::kCPU);
        candidate.velocity(subject.x[2].narrow(0, 0, 1), subject.t[2].narrow(0, 0, 1),
                           subject.condition.narrow(0, 0, 1));
      };
    };
    std::vector<Timing> timings;
    if (flags.runs > 0) {
      timings = time_interleaved(std::vector<std::function<void()>>{evaluate(*half), evaluate(*network)}, flags.runs);
    }
    print_row(label, velocities(*network, subject, Precision::int8), exact, timings);
  };
  for (const models::LayerGroup& group : models::layer_groups()) {
    if (!present.contains(group.name)) continue;
    row(group.name, [&](const models::LayerGroup& other) { return &other == &group; });
  }
  row("all of them", [](const models::LayerGroup&) { return true; });
  row("as int8_layers has it", [](const models::LayerGroup& group) { return group.int8; });
}

Flags read_flags(int count, char** words) {
  Flags flags;
  for (int i = 1; i < count; ++i) {
    const std::string word = words[i];
    if (word == "--pictures" && i + 1 < count) {
      flags.pictures = words[++i];
    } else if (word == "--runs" && i + 1 < count) {
      flags.runs = std::stoll(words[++i]);
    } else {
      flags.models.push_back(word);
    }
  }
  if (flags.models.empty()) {
    flags.models = {"assets/emoji64.safetensors", "imagenet256_L16"};
    flags.runs = 5;
  }
  return flags;
}

}  // namespace
}  // namespace pixnerd::bench

int main(int count, char** words) {
  using namespace pixnerd::bench;
  pixnerd::keep_freed_memory();
  pixnerd::use_huge_pages();
  try {
    const Flags flags = read_flags(count, words);
    const c10::InferenceMode inference;
    for (const std::string& model : flags.models) bench(model, flags);
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "int8_bench: error: " << error.what() << '\n';
    return 1;
  }
}
