// From a file of weights to a PNG: how long does one picture take, and what of it is loading? Beside the published
// sampler as eager code has it: bfloat16, Euler, 50 steps, both halves of guidance at every step. Each row runs in a
// process of its own, with files that were just written and so lie in the page cache. The eager sampler takes
// kEagerSteps steps, from which its 50 are told.
#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>
#include <c10/core/InferenceMode.h>

#include <cstdio>
#include <functional>
#include <map>

#include "bench/weights_file.h"
#include "core/memory.h"
#include "core/timing.h"
#include "diffusion/time_grid.h"
#include "image/codec.h"
#include "measure/child.h"
#include "models/reference.h"
#include "sample/drawing.h"
#include "sample/preset.h"

namespace pixnerd::bench {
namespace {

using models::Precision;
using sample::Preset;

constexpr const char* kModel = "imagenet256_L16";
constexpr int64_t kClass = 207, kEagerSteps = 5;
constexpr double kGuidance = 3.5;
constexpr int kRounds = 3;

struct Seconds {
  double load = 0, draw = 0, write = 0;

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& visit) {
    visit("load", self.load, "until the network can draw");
    visit("draw", self.draw, "all steps");
    visit("write", self.write, "the PNG");
  }
  void validate() const {}
};

struct Row {
  std::string name;
  std::function<Seconds()> run;
  std::vector<Seconds> found;
};

double seconds_of(const std::function<void()>& work) {
  return time_interleaved(std::vector<std::function<void()>>{work}, 1, 0)[0].median();
}

// What `pixnerd sample --preset` does.
Seconds with_preset(const std::filesystem::path& weights, Preset preset, const std::filesystem::path& png) {
  use_huge_pages();
  Seconds seconds;
  sample::ModelFile file;
  sample::PictureRequest request;
  request.label = kClass;
  sample::DrawSettings drawing;
  seconds.load = seconds_of([&] {
    file = sample::load_model(weights);
    const sample::PresetSettings settings = sample::settings_of(preset, file.description.sample);
    request.settings = std::make_shared<const sample::SampleConfig>(settings.sample);
    drawing.precision = settings.precision;
    file.network->prepare_for_inference(at::kCPU, models::weight_type(settings.precision));
  });
  keep_freed_memory();
  image::Image picture;
  NoProgress silent;
  const auto keep = [&](int64_t, image::Image drawn) { picture = std::move(drawn); };
  seconds.draw = seconds_of([&] { sample::draw(*file.network, {request}, drawing, keep, silent); });
  seconds.write = seconds_of([&] { image::write_png(png, picture); });
  return seconds;
}

Seconds eager(const std::filesystem::path& weights) {
  use_huge_pages();
  keep_freed_memory();
  const c10::InferenceMode inference;
  const sample::ModelFile file = sample::load_model(weights);
  const auto parameters = file.network->parameters();
  const auto network =
      models::make_reference(file.description.model, {parameters.begin(), parameters.end()}, models::Mode::infer);
  const auto [width, height] = file.description.sample.size;
  at::Tensor x = diffusion::ImageNoise({0}).draw(file.description.model.in_channels, height, width);
  const at::Tensor labels = at::cat({models::null_labels(file.description.model, 1), at::full({1}, kClass, at::kLong)});
  const std::vector<float> times = diffusion::time_grid(file.description.sample.sampler.steps, 1.0);
  const models::PrecisionScope scope(Precision::bfloat16, at::kCPU);
  const double some = seconds_of([&] {
    for (size_t i = 0; i < kEagerSteps; ++i) {
      const auto v = network->velocity(at::cat({x, x}), at::full({2}, times[i]), labels).to(at::kFloat).chunk(2);
      x = x + (v[0] + kGuidance * (v[1] - v[0])) * (times[i + 1] - times[i]);
    }
  });
  Seconds seconds;
  seconds.draw = some / kEagerSteps * static_cast<double>(times.size() - 1);
  return seconds;
}

Seconds in_child(const Row& row) {
  Seconds seconds;
  config::read(config::parse(measure::in_child([&] { return config::dump(row.run()); }), row.name), seconds);
  return seconds;
}

double median_of(const Row& row, double (*part)(const Seconds&)) {
  Timing timing;
  for (const Seconds& each : row.found) timing.seconds.push_back(part(each));
  return timing.median();
}

void print(const std::vector<Row>& rows) {
  const auto all = [](const Seconds& s) { return s.load + s.draw + s.write; };
  std::printf("%-40s %8s %8s %8s %8s %9s\n", concat(kModel, ", median s").c_str(), "load", "draw", "PNG", "all",
              "speed-up");
  for (const Row& row : rows) {
    std::printf("%-40s %8.2f %8.2f %8.3f %8.2f %9.1f\n", row.name.c_str(),
                median_of(row, [](const Seconds& s) { return s.load; }),
                median_of(row, [](const Seconds& s) { return s.draw; }),
                median_of(row, [](const Seconds& s) { return s.write; }), median_of(row, all),
                median_of(rows.front(), all) / median_of(row, all));
  }
}

void bench() {
  const TemporaryFolder folder;
  std::map<Precision, std::filesystem::path> files;
  for (const auto& [name, type] : models::enum_names(Precision{})) {
    files[type] = folder.path / concat(name, ".safetensors");
    measure::in_child([&, type = type] {
      write_random_weights(builtin_description(kModel), type, files[type]);
      return std::string();
    });
  }
  std::vector<Row> rows{{"eager code, Euler 50, bfloat16", [&] { return eager(files[Precision::float32]); }, {}}};
  for (const auto& [preset_name, preset] : sample::enum_names(Preset{})) {
    for (const auto& [type_name, type] : models::enum_names(Precision{})) {
      const bool rounded_before = type == Precision::int8 && preset != Preset::fast;
      if (preset == Preset::exact ? type != Precision::float32 : rounded_before) continue;
      rows.push_back(
          {concat("--preset ", preset_name, ", file in ", type_name),
           [&, preset = preset, type = type] { return with_preset(files[type], preset, folder.path / "picture.png"); },
           {}});
    }
  }
  for (int round = 0; round < kRounds; ++round) {
    for (Row& row : rows) row.found.push_back(in_child(row));
  }
  print(rows);
}

}  // namespace
}  // namespace pixnerd::bench

int main() {
  pixnerd::bench::bench();
  return 0;
}
